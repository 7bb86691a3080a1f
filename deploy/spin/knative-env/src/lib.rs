//! Spin's application variables as the environment that Knative promises to a source.
//!
//! What a ContainerSource, a SinkBinding or a SpinApp sets reaches a Spin application as variables, and never as the
//! environment of its components. This component stands between: it is plugged in where another one imports
//! `wasi:cli/environment`, which then sees `k_sink` as `K_SINK`. No value is ever logged.

#![no_std]

extern crate alloc;
// Natively the library is only tested, and std brings what a library needs to link.
#[cfg(not(target_family = "wasm"))]
extern crate std;

#[cfg(target_family = "wasm")]
mod guest;

use alloc::string::String;
use alloc::vec::Vec;

/// The contract's variables, by their names in Spin and in the environment.
pub const CONTRACT: [(&str, &str); 5] = [
    ("k_sink", "K_SINK"),
    ("k_ce_overrides", "K_CE_OVERRIDES"),
    ("pod_name", "POD_NAME"),
    ("pod_namespace", "POD_NAMESPACE"),
    ("one_shot", "ONE_SHOT"),
];

/// The environment: the `platform`'s own, which wins, and the contract's variables that the application has.
///
/// # Errors
/// Those of `variable`, which gives `None` for a variable that the application does not have.
pub fn environment<E>(
    platform: Vec<(String, String)>,
    variable: impl Fn(&str) -> Result<Option<String>, E>,
) -> Result<Vec<(String, String)>, E> {
    let mut environment = platform;
    for (name, upper) in CONTRACT {
        if environment.iter().all(|(known, _)| known != upper)
            && let Some(value) = variable(name)?
        {
            environment.push((upper.into(), value));
        }
    }
    Ok(environment)
}

#[cfg(test)]
mod tests {
    use core::convert::Infallible;

    use super::*;

    fn made(platform: &[(&str, &str)], variables: &[(&str, &str)]) -> Vec<(String, String)> {
        let platform = pairs(platform);
        let variable = |name: &str| {
            let found = variables.iter().find(|(known, _)| *known == name);
            Ok::<_, Infallible>(found.map(|(_, value)| (*value).into()))
        };
        let Ok(made) = environment(platform, variable);
        made
    }

    fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        let owned = |(name, value): &(&str, &str)| ((*name).into(), (*value).into());
        pairs.iter().map(owned).collect()
    }

    #[test]
    fn names_are_mapped_to_upper_case() {
        for (name, upper) in CONTRACT {
            assert_eq!(name.to_ascii_uppercase(), upper);
        }
        assert_eq!(
            made(&[], &[("pod_name", "p"), ("k_sink", "http://s")]),
            pairs(&[("K_SINK", "http://s"), ("POD_NAME", "p")])
        );
    }

    #[test]
    fn absent_ones_are_left_out_and_empty_ones_are_not() {
        assert_eq!(made(&[], &[]), []);
        assert_eq!(
            made(&[], &[("k_ce_overrides", "")]),
            pairs(&[("K_CE_OVERRIDES", "")])
        );
    }

    #[test]
    fn variables_that_are_not_the_contract_s_stay_outside() {
        assert_eq!(made(&[], &[("sink_origin", "http://s")]), []);
    }

    #[test]
    fn the_platform_s_own_environment_wins() {
        assert_eq!(
            made(
                &[("K_SINK", "http://env"), ("TZ", "UTC")],
                &[("k_sink", "http://s"), ("one_shot", "true")]
            ),
            pairs(&[
                ("K_SINK", "http://env"),
                ("TZ", "UTC"),
                ("ONE_SHOT", "true")
            ])
        );
    }

    #[test]
    fn a_variable_that_cannot_be_had_is_no_absent_one() {
        let broken = |name: &str| match name {
            "k_ce_overrides" => Err("no answer"),
            _ => Ok(None),
        };
        assert_eq!(environment(Vec::new(), broken), Err("no answer"));
    }
}
