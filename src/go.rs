//! The parts of Go's standard library that the original's settings go through: whoever moves from it keeps every value
//! as it was written.

pub mod duration;
pub mod flag;
pub mod unquote;
pub mod url;

/// `strconv.ParseBool`: the texts that `ONE_SHOT` takes, and no others.
pub fn parse_bool(text: &str) -> Option<bool> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Some(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::parse_bool;

    #[test]
    fn only_go_spellings_are_booleans() {
        for text in ["1", "t", "T", "true", "TRUE", "True"] {
            assert_eq!(parse_bool(text), Some(true), "{text}");
        }
        for text in ["0", "f", "F", "false", "FALSE", "False"] {
            assert_eq!(parse_bool(text), Some(false), "{text}");
        }
        for text in ["", " true", "yes", "tRUE", "2", "no"] {
            assert_eq!(parse_bool(text), None, "{text:?}");
        }
    }
}
