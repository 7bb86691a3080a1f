//! How long to wait before an event is tried again.

use core::time::Duration;

const FIRST: Duration = Duration::from_millis(50);
const LONGEST: Duration = Duration::from_secs(10);

/// The wait before retry number `retry` (from 1): exponential with full jitter, so that sources that failed together do
/// not come back together. The sink's own `Retry-After` is obeyed where it is longer.
pub fn backoff(retry: u32, after: Option<Duration>, random: u64) -> Duration {
    let ceiling = FIRST
        .saturating_mul(2u32.saturating_pow(retry.saturating_sub(1)))
        .min(LONGEST);
    jittered(ceiling, after, random)
}

/// A wait of at most `ceiling`, anywhere below it by chance; the sink's own `Retry-After` where that is longer.
pub fn jittered(ceiling: Duration, after: Option<Duration>, random: u64) -> Duration {
    // The high half of a product is uniform where a remainder is not.
    let jittered = (u128::from(random) * ceiling.as_nanos()) >> 64;
    Duration::from_nanos(u64::try_from(jittered).unwrap_or(u64::MAX)).max(after.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_ten_seconds() {
        let ceilings = [50, 100, 200, 400, 800, 1_600, 3_200, 6_400, 10_000, 10_000];
        for (retry, ceiling) in (1..).zip(ceilings) {
            let longest = backoff(retry, None, u64::MAX);
            assert!(
                longest <= Duration::from_millis(ceiling)
                    && longest > Duration::from_millis(ceiling - 1),
                "{retry}"
            );
            assert_eq!(backoff(retry, None, 0), Duration::ZERO);
            assert_eq!(
                backoff(retry, None, 1 << 63),
                Duration::from_millis(ceiling) / 2
            );
        }
        assert!(backoff(u32::MAX, None, u64::MAX) <= LONGEST);
    }

    #[test]
    fn a_longer_retry_after_wins() {
        assert_eq!(
            backoff(1, Some(Duration::from_secs(60)), u64::MAX),
            Duration::from_secs(60)
        );
        assert_eq!(
            backoff(10, Some(Duration::from_secs(1)), 1 << 63),
            Duration::from_secs(5)
        );
    }
}
