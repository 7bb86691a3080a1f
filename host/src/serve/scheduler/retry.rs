//! How long a tick waits before it is tried again.

use std::time::Duration;

use heartbeats::delivery::jittered;

use crate::manifest::{BackoffPolicy, Delivery};

/// The longest wait, but for what a sink asks for.
const LONGEST: Duration = Duration::from_secs(10);
/// The longest interval of a schedule that [`wait_for_sink`] goes by.
const LONGEST_FOR_SINK: Duration = Duration::from_secs(300);

/// The wait after so many failed attempts: as long as the policy says at the most, and the sink's own `Retry-After` where that
/// is longer.
pub(super) fn wait(
    delivery: &Delivery,
    failed: u32,
    after: Option<Duration>,
    random: u64,
) -> Duration {
    let times = match delivery.backoff_policy {
        BackoffPolicy::Exponential => 2u32.saturating_pow(failed.saturating_sub(1)),
        BackoffPolicy::Linear => failed,
    };
    let longest = LONGEST.max(delivery.backoff_delay);
    let ceiling = delivery.backoff_delay.saturating_mul(times).min(longest);
    let after = after.map(|after| after.min(delivery.retry_after_max));
    jittered(ceiling, after, random)
}

/// The wait for a sink that has been `away`: from once to twice as long again, but by an interval of the schedule at the most.
/// So sources who wait for the same sink ask for it less often than they usually beat, do not all come at once when it is back,
/// and come soon after a short absence.
pub(super) fn wait_for_sink(away: Duration, interval: Duration, random: u64) -> Duration {
    let wait = away.min(interval.clamp(LONGEST, LONGEST_FOR_SINK));
    wait + jittered(wait, None, random)
}

#[cfg(test)]
mod tests {
    use heartbeats::delivery::backoff;

    use super::*;

    #[test]
    fn without_settings_it_is_the_components_own_back_off() {
        let delivery = Delivery::default();
        for failed in 1..12 {
            assert_eq!(
                wait(&delivery, failed, None, 1 << 63),
                backoff(failed, None, 1 << 63)
            );
        }
    }

    #[test]
    fn a_linear_policy_grows_by_its_delay() {
        let delivery = Delivery {
            backoff_policy: BackoffPolicy::Linear,
            backoff_delay: Duration::from_secs(1),
            ..Delivery::default()
        };
        assert_eq!(
            wait(&delivery, 3, None, 1 << 63),
            Duration::from_millis(1_500)
        );
        assert_eq!(wait(&delivery, 100, None, 1 << 63), LONGEST / 2);
    }

    #[test]
    fn a_sink_can_ask_for_no_more_than_is_allowed() {
        let delivery = Delivery {
            retry_after_max: Duration::from_secs(5),
            ..Delivery::default()
        };
        assert_eq!(
            wait(&delivery, 1, Some(Duration::from_secs(60)), 0),
            Duration::from_secs(5)
        );
    }
}
