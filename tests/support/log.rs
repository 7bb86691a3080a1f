use serde_json::Value;

/// The lines that hold `mark`.
pub(crate) fn lines_with<'a>(text: &'a str, mark: &str) -> Vec<&'a str> {
    text.lines().filter(|line| line.contains(mark)).collect()
}

/// A log in `--log-format json`: every line is an object.
pub(crate) fn json_lines(text: &str) -> Vec<Value> {
    let parse = |line| match serde_json::from_str(line) {
        Ok(Value::Object(fields)) => Value::Object(fields),
        other => panic!("not a JSON object: {line:?} ({other:?})"),
    };
    text.lines().map(parse).collect()
}
