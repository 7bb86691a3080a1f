/// Decoded once. Not by the project's own decoder: a fault in it must not hide itself.
pub(crate) fn percent_decoded(value: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = value;
    while let Some((first, after)) = rest.split_first() {
        let hex = after
            .get(..2)
            .filter(|_| *first == b'%')
            .and_then(|hex| std::str::from_utf8(hex).ok());
        let byte = hex.and_then(|hex| u8::from_str_radix(hex, 16).ok());
        bytes.push(byte.unwrap_or(*first));
        rest = if byte.is_some() { &after[2..] } else { after };
    }
    bytes
}
