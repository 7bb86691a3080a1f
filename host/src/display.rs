//! A CloudEvents sink that shows what it receives.

mod decode;
mod escape;
mod event;
mod printer;
mod server;
mod style;
mod text;

pub use decode::NoEvent;
pub use event::{Data, Event};
pub use server::show;
pub use style::Style;
