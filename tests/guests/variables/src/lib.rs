//! Spin's variables, as its own environment provider reads them: `SPIN_VARIABLE_K_SINK` is `k_sink`. One that holds
//! `unreachable` is a variable whose provider fails.

use std::env;

use bindings::exports::fermyon::spin::variables::{Error, Guest};

mod bindings {
    wit_bindgen::generate!({
        inline: "package tests:variables; world provider { export fermyon:spin/variables@2.0.0; }",
        path: "../../../deploy/spin/knative-env/wit/deps/fermyon-spin",
    });
    export!(Variables with_types_in self);
    use super::Variables;
}

struct Variables;

impl Guest for Variables {
    fn get(name: String) -> Result<String, Error> {
        match env::var(format!("SPIN_VARIABLE_{}", name.to_uppercase())) {
            Ok(value) if value == "unreachable" => Err(Error::Provider("the vault is sealed".into())),
            Ok(value) => Ok(value),
            Err(_) => Err(Error::Undefined(name)),
        }
    }
}
