//! Header values of the CloudEvents HTTP binding.

/// Decodes once.
pub fn decode(value: &str) -> String {
    value.to_owned()
}
