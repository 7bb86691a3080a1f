//! What is done about a failed delivery, in the words of Knative's DeliverySpec.

use std::time::Duration;

use super::fields::Node;
use super::iso8601;
use super::sink::Sink;

/// How often, how long and where else an event is tried.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Delivery {
    /// Further attempts after the first one.
    pub retry: u32,
    /// How the wait between attempts grows.
    pub backoff_policy: BackoffPolicy,
    /// The wait to begin with.
    pub backoff_delay: Duration,
    /// How long one attempt may take; `None`: as long as the component's own time-out says, but bounded.
    pub timeout: Option<Duration>,
    /// The longest wait that a sink can ask for.
    pub retry_after_max: Duration,
    /// Where events go that could not be delivered. Few sources have one, and there are a great many.
    pub dead_letter_sink: Option<Box<Sink>>,
}

/// How the wait between attempts grows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum BackoffPolicy {
    /// It doubles each time.
    #[default]
    Exponential,
    /// It grows by the same amount each time.
    Linear,
}

impl Default for Delivery {
    fn default() -> Self {
        Self {
            retry: 10,
            backoff_policy: BackoffPolicy::default(),
            backoff_delay: Duration::from_millis(50),
            timeout: None,
            retry_after_max: Duration::from_secs(60),
            dead_letter_sink: None,
        }
    }
}

impl Delivery {
    pub(super) fn read(node: Node<'_>) -> Option<Self> {
        let mut fields = node.fields()?;
        let default = Self::default();
        let duration = |node: Node<'_>| node.parsed(iso8601::parse, iso8601::REMEDY);
        let positive = |node: Node<'_>| {
            node.parsed(
                |text| iso8601::parse(text).filter(|timeout| !timeout.is_zero()),
                "is no ISO 8601 duration of more than nothing; write one such as PT10S",
            )
        };
        let policy = |node: Node<'_>| {
            node.parsed(
                |text| match text {
                    "exponential" => Some(BackoffPolicy::Exponential),
                    "linear" => Some(BackoffPolicy::Linear),
                    _ => None,
                },
                "is no policy; write exponential or linear",
            )
        };
        let retry = fields.take("retry").map(|node| node.number());
        let backoff_policy = fields.take("backoffPolicy").map(policy);
        let backoff_delay = fields.take("backoffDelay").map(duration);
        let timeout = fields.take("timeout").map(positive);
        let retry_after_max = fields.take("retryAfterMax").map(duration);
        let dead_letter_sink = fields.take("deadLetterSink").map(Sink::read);
        fields.end();
        Some(Self {
            retry: retry.unwrap_or(Some(default.retry))?,
            backoff_policy: backoff_policy.unwrap_or(Some(default.backoff_policy))?,
            backoff_delay: backoff_delay.unwrap_or(Some(default.backoff_delay))?,
            timeout: timeout.map_or(Some(None), |timeout| timeout.map(Some))?,
            retry_after_max: retry_after_max.unwrap_or(Some(default.retry_after_max))?,
            dead_letter_sink: dead_letter_sink
                .map_or(Some(None), |sink| sink.map(|sink| Some(Box::new(sink))))?,
        })
    }
}
