//! One beat, from its event to its delivery.

use alloc::borrow::ToOwned;
use alloc::string::{String, ToString};
use uuid::Builder;

use super::{World, log};
use crate::config::Config;
use crate::delivery::{Attempt, backoff};
use crate::event::{Data, Event, Message, Timestamp};

/// What makes one beat's event: every attempt makes the same event of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Beat {
    /// Becomes the CloudEvents `id`.
    pub id: String,
    /// From 1; becomes the payload's `id`.
    pub sequence: u64,
    /// Becomes the CloudEvents `time`.
    pub time: Timestamp,
}

/// What became of a beat.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// The sink took it.
    Delivered {
        /// The HTTP status.
        status: u16,
        /// How often it was sent.
        attempts: u32,
    },
    /// It was not delivered and will not be tried again.
    GivenUp {
        /// How often it was sent.
        attempts: u32,
        /// Why the last attempt failed.
        reason: String,
        /// Whether the sink is gone for good (410): no beat will be delivered any more.
        gone: bool,
    },
}

impl Beat {
    /// A beat of this moment, with a random UUID (version 4) for its id.
    pub fn now(sequence: u64, world: &mut impl World) -> Beat {
        let random = u128::from(world.random()) << 64 | u128::from(world.random());
        let id = Builder::from_random_bytes(random.to_be_bytes())
            .into_uuid()
            .to_string();
        Beat {
            id,
            sequence,
            time: world.wall(),
        }
    }

    fn message(&self, config: &Config) -> Message {
        let data = Data {
            sequence: self.sequence,
            label: &config.label,
            msg: &config.msg,
        };
        let event = Event {
            id: &self.id,
            time: self.time,
            attributes: &config.attributes,
            data,
        };
        Message::new(&event, config.mode)
    }
}

/// Sends a beat once.
pub fn attempt(config: &Config, beat: &Beat, world: &mut impl World) -> Attempt {
    let result = world.post(&config.sink, &beat.message(config), config.timeout);
    Attempt::judge(result, world.wall())
}

/// Sends a beat until it is delivered, refused, or has used up its retries, and logs which.
pub fn deliver(config: &Config, beat: &Beat, world: &mut impl World) -> Delivery {
    let mut attempts = 0;
    let delivery = loop {
        attempts += 1;
        match attempt(config, beat, world) {
            Attempt::Delivered(status) => break Delivery::Delivered { status, attempts },
            Attempt::Gone => {
                let reason =
                    "the sink answered 410: it is gone for good, the heart stops".to_owned();
                break Delivery::GivenUp {
                    attempts,
                    reason,
                    gone: true,
                };
            }
            Attempt::Retryable { after, .. } if attempts <= config.retries => {
                let wait = backoff(attempts, after, world.random());
                world.sleep_until(world.monotonic() + wait);
            }
            Attempt::Retryable { reason, .. }
            | Attempt::Rejected { reason, .. }
            | Attempt::Denied(reason) => {
                break Delivery::GivenUp {
                    attempts,
                    reason,
                    gone: false,
                };
            }
        }
    };
    world.log(&log::beat(config, beat, &delivery, world.wall()));
    delivery
}
