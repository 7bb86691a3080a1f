//! Manifests: documents of the kind `WasmSource`, in YAML or JSON, that say which sources there are.
//!
//! A file is split into documents, so that one broken document does not hide the others; each document is read whole, and
//! everything that is wrong with it is reported with its line, its field and a remedy.

mod audience;
mod delivery;
mod document;
mod fields;
mod files;
mod iso8601;
mod problem;
mod schedule;
mod settings;
mod sink;
mod source;

pub use audience::Audience;
pub use delivery::{BackoffPolicy, Delivery};
pub use document::documents;
pub use files::{Found, find};
pub use problem::{Located, Problem};
pub use schedule::{Cron, Schedule};
pub use settings::{Component, Limits, Pairs, Settings};
pub use sink::Sink;
pub use source::{Key, Source};

/// The API version of the documents.
pub const API_VERSION: &str = "sources.heartbeats.dev/v1alpha1";

/// The kind of the documents.
pub const KIND: &str = "WasmSource";
