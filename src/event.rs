//! A CloudEvent.
pub mod percent;
