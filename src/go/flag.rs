//! Command lines as Go's `flag` package reads them.

use alloc::string::String;
use alloc::vec::Vec;
/// One argument, read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Item<'a> {
    /// `-name=value`, `--name=value`, `-name value` or `--name value`.
    Flag(&'a str, &'a str),
    /// A known flag at the end of the line, without its value.
    NoValue(&'a str),
    /// `-h`, `-help` or `--help`, with any value.
    Help,
    /// A flag that is not known.
    Unknown(&'a str),
    /// `---x`, `--=x`, `-=x`: no flag at all.
    Malformed(&'a str),
    /// A word that is no flag. Go ends its flags there, and ignores all that follows.
    Word(&'a str),
}

/// Reads arguments (without the program's name). Every flag takes a value; `--` ends the flags.
pub fn read<'a>(args: &'a [String], known: &[&str]) -> Vec<Item<'a>> {
    let mut items = Vec::new();
    let mut args = args.iter().map(String::as_str);
    while let Some(arg) = args.next() {
        if arg == "--" {
            items.extend(args.map(Item::Word));
            break;
        }
        let Some(name) = arg.strip_prefix("--").or_else(|| arg.strip_prefix('-')) else {
            items.push(Item::Word(arg));
            continue;
        };
        let (name, value) = match name.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (name, None),
        };
        items.push(if arg == "-" {
            Item::Word(arg)
        } else if name.is_empty() || name.starts_with('-') {
            Item::Malformed(arg)
        } else if known.contains(&name) {
            match value.or_else(|| args.next()) {
                Some(value) => Item::Flag(name, value),
                None => Item::NoValue(name),
            }
        } else if name == "h" || name == "help" {
            Item::Help
        } else {
            Item::Unknown(name)
        });
    }
    items
}

#[cfg(test)]
mod tests {
    use alloc::vec;

    use super::*;

    #[test]
    fn flags_are_read_as_go_reads_them() {
        for (args, items) in [
            (
                vec!["--label=a", "-label=b"],
                vec![Item::Flag("label", "a"), Item::Flag("label", "b")],
            ),
            (
                vec!["--label", "a", "-label", "b"],
                vec![Item::Flag("label", "a"), Item::Flag("label", "b")],
            ),
            (
                vec!["--label", "--period=1"],
                vec![Item::Flag("label", "--period=1")],
            ),
            (vec!["--label=a=b=c"], vec![Item::Flag("label", "a=b=c")]),
            (vec!["--label="], vec![Item::Flag("label", "")]),
            (vec!["--label", ""], vec![Item::Flag("label", "")]),
            (vec!["--label"], vec![Item::NoValue("label")]),
            (vec!["--label", "--"], vec![Item::Flag("label", "--")]),
            (vec!["--help"], vec![Item::Help]),
            (vec!["-h"], vec![Item::Help]),
            (vec!["--help=false"], vec![Item::Help]),
            (vec!["--Label=x"], vec![Item::Unknown("Label")]),
            (vec!["--lab=x"], vec![Item::Unknown("lab")]),
            (vec!["---label=x"], vec![Item::Malformed("---label=x")]),
            (vec!["--=x"], vec![Item::Malformed("--=x")]),
            (vec!["-=x"], vec![Item::Malformed("-=x")]),
            (
                vec!["-", "", "foo"],
                vec![Item::Word("-"), Item::Word(""), Item::Word("foo")],
            ),
            (
                vec!["foo", "--label=b"],
                vec![Item::Word("foo"), Item::Flag("label", "b")],
            ),
            (vec!["--", "--label=b"], vec![Item::Word("--label=b")]),
            (vec!["--"], vec![]),
        ] {
            let args: Vec<String> = args.into_iter().map(String::from).collect();
            assert_eq!(read(&args, &["label", "period"]), items, "{args:?}");
        }
    }
}
