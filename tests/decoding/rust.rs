use cloudevents::binding::http::to_event;
use cloudevents::{AttributesReader, Data};
use http::{HeaderMap, HeaderName, HeaderValue};

use super::{Decoded, instant};
use crate::support::{Request, percent_decoded};

/// Reads the request with `cloudevents-sdk`.
pub(super) fn decode(request: &Request) -> Decoded {
    let event = to_event(&headers(request), request.body.clone()).unwrap();
    let extensions = event
        .iter_extensions()
        .map(|(name, value)| (name.to_owned(), value.to_string()));
    let attributes = [
        ("specversion", event.specversion().to_string()),
        ("id", event.id().to_owned()),
        ("source", event.source().to_string()),
        ("type", event.ty().to_owned()),
        (
            "time",
            instant(
                "time",
                &event.time().unwrap().to_rfc3339().replace("+00:00", "Z"),
            ),
        ),
        (
            "datacontenttype",
            event.datacontenttype().unwrap().to_owned(),
        ),
    ];
    let data = match event.data().unwrap() {
        Data::Json(data) => data.clone(),
        Data::Binary(data) => serde_json::from_slice(data).unwrap(),
        Data::String(data) => serde_json::from_str(data).unwrap(),
    };
    let attributes = attributes
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value));
    Decoded {
        attributes: attributes.chain(extensions).collect(),
        data,
    }
}

/// The headers, with `ce-*` percent-decoded: that is a receiver's part, and this SDK leaves it to its user.
fn headers(request: &Request) -> HeaderMap {
    let decoded = |(name, value): &(String, Vec<u8>)| {
        let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
        let value = if name.as_str().starts_with("ce-") {
            percent_decoded(value)
        } else {
            value.clone()
        };
        (name, HeaderValue::from_bytes(&value).unwrap())
    };
    request.headers.iter().map(decoded).collect()
}
