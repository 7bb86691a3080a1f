//! Whom a token is for.

use std::fmt::Write;

/// The audience of a sink, as in Knative's Destination: the sink takes only tokens that name it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Audience(Box<str>);

/// What a key of a Kubernetes Secret, and so a file, can be named at the longest.
const LONGEST: usize = 253;

impl Audience {
    pub(super) const REMEDY: &str =
        "is no audience; write one without control characters that fits into a file's name";

    pub(super) fn parse(text: &str) -> Option<Self> {
        let audience = Self(text.into());
        let fits = (1..=LONGEST).contains(&audience.file_name().len());
        (fits && !text.contains(char::is_control)).then_some(audience)
    }

    /// The audience as a file's name and a Secret's key: letters, digits, `-` and `.` stand for themselves, each other byte
    /// is `_` and two hexadecimal digits, and so is a dot in front. No two audiences have one name.
    pub fn file_name(&self) -> String {
        let mut name = String::with_capacity(self.0.len());
        for (place, byte) in self.0.bytes().enumerate() {
            match byte {
                b'.' if place > 0 => name.push('.'),
                b'-' | b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' => name.push(byte.into()),
                // Writing to a string does not fail.
                _ => drop(write!(name, "_{byte:02x}")),
            }
        }
        name
    }
}

impl std::fmt::Display for Audience {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_audience_has_a_file_name_of_its_own() {
        for (audience, name) in [
            ("sink", "sink"),
            ("https://sink.example/a", "https_3a_2f_2fsink.example_2fa"),
            ("a_2fb", "a_5f2fb"),
            ("..", "_2e."),
            ("../x", "_2e._2fx"),
            ("é", "_c3_a9"),
        ] {
            assert_eq!(Audience::parse(audience).unwrap().file_name(), name);
        }
    }

    #[test]
    fn what_cannot_name_a_file_is_refused() {
        for text in ["", "a\nb", &"x".repeat(254), &"/".repeat(85)] {
            assert_eq!(Audience::parse(text), None, "{text}");
        }
        assert!(Audience::parse(&"x".repeat(253)).is_some());
    }
}
