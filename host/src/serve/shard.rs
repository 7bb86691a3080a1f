//! Which of several processes runs a source.

use std::str::FromStr;

use crate::manifest::Key;

/// One of some processes that share all sources: `I/N`, with I from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard {
    index: u32,
    count: u32,
}

/// A value that is no shard.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is no shard; write I/N with I from 0 to N-1, such as 0/3")]
pub struct ShardError;

impl Shard {
    /// The only process.
    pub const ALL: Self = Self { index: 0, count: 1 };

    /// Whether a source runs here: exactly one shard of the same count says yes.
    pub fn runs(self, key: &Key) -> bool {
        self.count == 1 || jump(hash(key), self.count) == self.index
    }
}

impl FromStr for Shard {
    type Err = ShardError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (index, count) = text.split_once('/').ok_or(ShardError)?;
        let number = |text: &str| text.parse().map_err(|_| ShardError);
        let (index, count) = (number(index)?, number(count)?);
        if index < count {
            Ok(Self { index, count })
        } else {
            Err(ShardError)
        }
    }
}

/// A number that stands for a name, the same in every process and release: FNV-1a, stirred once more, because the jumps
/// need all of its bits.
pub(super) fn hash(key: &Key) -> u64 {
    let bytes = key.namespace.bytes().chain([b'/']).chain(key.name.bytes());
    let hash = bytes.fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    let hash = (hash ^ (hash >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    hash ^ (hash >> 33)
}

/// Lamping and Veach, "A Fast, Minimal Memory, Consistent Hash Algorithm": from n to n + 1 shards, one source in n + 1 moves.
fn jump(mut hash: u64, count: u32) -> u32 {
    let (mut shard, mut next) = (0, 0);
    while next < i64::from(count) {
        shard = next;
        hash = hash.wrapping_mul(2_862_933_555_777_941_757).wrapping_add(1);
        let scale = (1u64 << 31) as f64 / ((hash >> 33) + 1) as f64;
        next = ((shard + 1) as f64 * scale) as i64;
    }
    shard as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys() -> Vec<Key> {
        (0..10_000)
            .map(|n| Key {
                namespace: format!("tenant-{}", n % 7).into(),
                name: format!("source-{n}").into(),
            })
            .collect()
    }

    fn home(key: &Key, count: u32) -> Vec<u32> {
        (0..count)
            .filter(|index| {
                Shard {
                    index: *index,
                    count,
                }
                .runs(key)
            })
            .collect()
    }

    #[test]
    fn every_source_runs_in_exactly_one_shard_and_the_shards_are_even() {
        for count in [1, 2, 3, 8] {
            let mut sizes = vec![0; count as usize];
            for key in keys() {
                let [home] = home(&key, count)[..] else {
                    panic!("{key} is not in one shard of {count}")
                };
                sizes[home as usize] += 1;
            }
            let even = 10_000 / count;
            assert!(
                sizes
                    .iter()
                    .all(|size| (even * 9 / 10..=even * 11 / 10).contains(size)),
                "{sizes:?}"
            );
        }
    }

    #[test]
    fn a_further_shard_moves_few() {
        let moved: Vec<_> = keys()
            .into_iter()
            .filter(|key| home(key, 4) != home(key, 5))
            .collect();
        assert!((1_700..2_300).contains(&moved.len()), "{}", moved.len());
        assert!(
            moved.iter().all(|key| home(key, 5) == [4]),
            "only to the new one"
        );
    }

    #[test]
    fn the_hash_does_not_change_with_the_release() {
        let key = Key {
            namespace: "event-test".into(),
            name: "test-heartbeats".into(),
        };
        assert_eq!(hash(&key), 0x21d1_54e5_3ace_2ead);
    }

    #[test]
    fn a_shard_is_written_with_its_count() {
        assert_eq!("1/3".parse(), Ok(Shard { index: 1, count: 3 }));
        for text in ["", "1", "3/3", "0/0", "-1/2", "a/b", "1/2/3"] {
            assert_eq!(text.parse::<Shard>(), Err(ShardError), "{text}");
        }
    }
}
