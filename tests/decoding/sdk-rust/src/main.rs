//! Reads recorded requests, a JSON object a line, with the official SDK; writes what it understood, a JSON object a line.

use std::collections::BTreeMap;
use std::error::Error;
use std::io;

use cloudevents::binding::http::to_event;
use cloudevents::{AttributesReader, Data, Event};
use http::{HeaderMap, HeaderName, HeaderValue};
use percent_encoding::percent_decode_str;
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize)]
struct Request {
    headers: Vec<(String, String)>,
    body: String,
}

fn main() -> Result<(), Box<dyn Error>> {
    for line in io::stdin().lines() {
        let request: Request = serde_json::from_str(&line?)?;
        let headers = headers(&request)?;
        let event = to_event(&headers, request.body.into_bytes())?;
        println!(
            "{}",
            json!({"attributes": understood(&headers, &event)?, "data": data(&event)?})
        );
    }
    Ok(())
}

fn headers(request: &Request) -> Result<HeaderMap, Box<dyn Error>> {
    let mut headers = HeaderMap::new();
    for (name, value) in &request.headers {
        headers.append(
            HeaderName::from_bytes(name.as_bytes())?,
            HeaderValue::from_str(value)?,
        );
    }
    Ok(headers)
}

/// In binary mode percent-decoded: that is a receiver's part, and this SDK leaves it to its user. It reads ASCII headers only,
/// so it is done after it.
fn understood(
    headers: &HeaderMap,
    event: &Event,
) -> Result<BTreeMap<String, String>, Box<dyn Error>> {
    let mut attributes = attributes(event)?;
    if headers.contains_key("ce-id") {
        for value in attributes.values_mut() {
            *value = percent_decode_str(value).decode_utf8()?.into_owned();
        }
    }
    Ok(attributes)
}

fn attributes(event: &Event) -> Result<BTreeMap<String, String>, Box<dyn Error>> {
    let extensions = event
        .iter_extensions()
        .map(|(name, value)| (name.to_owned(), value.to_string()));
    let mut attributes: BTreeMap<_, _> = extensions.collect();
    let time = event
        .time()
        .ok_or("no time")?
        .to_rfc3339()
        .replace("+00:00", "Z");
    let content_type = event
        .datacontenttype()
        .ok_or("no datacontenttype")?
        .to_owned();
    attributes.insert("specversion".into(), event.specversion().to_string());
    attributes.insert("id".into(), event.id().into());
    attributes.insert("source".into(), event.source().clone());
    attributes.insert("type".into(), event.ty().into());
    attributes.insert("time".into(), time);
    attributes.insert("datacontenttype".into(), content_type);
    Ok(attributes)
}

fn data(event: &Event) -> Result<Value, Box<dyn Error>> {
    match event.data().ok_or("no data")? {
        Data::Json(data) => Ok(data.clone()),
        Data::Binary(data) => Ok(serde_json::from_slice(data)?),
        Data::String(data) => Ok(serde_json::from_str(data)?),
    }
}
