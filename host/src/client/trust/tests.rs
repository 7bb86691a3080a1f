use super::*;
use rcgen::generate_simple_self_signed;
use std::fs;

fn certificate() -> String {
    generate_simple_self_signed(vec!["authority".to_owned()])
        .unwrap()
        .cert
        .pem()
}

/// What reading a folder with these files says.
fn read(files: &[(&str, &str)]) -> Result<(), String> {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let settings = TrustSettings {
        ca_dir: Some(folder.path().to_owned()),
        ..TrustSettings::default()
    };
    let trust = Trust::read(&settings).map_err(|error| error.to_string())?;
    trust.config().map_err(|error| error.to_string())?;
    Ok(())
}

#[test]
fn every_pem_in_the_folder_is_read() {
    let (one, other) = (certificate(), certificate());
    let both = format!("# a bundle\n{one}\n{other}");
    assert_eq!(
        read(&[("a.pem", &both), ("deeper/b", &one), (".hidden", "x")]),
        Ok(())
    );
    assert_eq!(read(&[]), Ok(()));
}

#[test]
fn a_bad_file_is_an_error_that_names_it() {
    let cut = &certificate()[..100];
    let wrong = "-----BEGIN CERTIFICATE-----\naGVsbG8=\n-----END CERTIFICATE-----\n".to_owned();
    let after_a_good_one = format!("{}{wrong}", certificate());
    for (text, reason) in [
        ("", "no certificate in it"),
        ("hello", "no certificate in it"),
        (cut, "mend or remove it"),
        (&wrong, "mend or remove it"),
        (&after_a_good_one, "mend or remove it"),
    ] {
        let error = read(&[("deeper/bad.pem", text)]).unwrap_err();
        assert!(
            error.contains("deeper/bad.pem: ") && error.contains(reason),
            "{error}"
        );
    }
}

#[test]
fn a_bad_text_is_an_error_that_names_its_variable() {
    let settings = TrustSettings {
        ca_certs: Some("hello".into()),
        ..TrustSettings::default()
    };
    let error = Trust::read(&settings).err().unwrap().to_string();
    assert!(
        error.contains("K_CA_CERTS: no certificate in it"),
        "{error}"
    );
}

#[test]
fn only_a_folder_that_was_named_must_be_there() {
    let missing = TrustSettings {
        ca_dir: Some("/no/such/folder".into()),
        ..TrustSettings::default()
    };
    let error = Trust::read(&missing).unwrap().config().unwrap_err();
    assert!(error.to_string().contains("/no/such/folder"), "{error}");
    assert!(files("/no/such/folder".as_ref(), false).unwrap().is_empty());
}

#[test]
fn the_variables_of_knative_are_understood() {
    let new = |name: &'static str, value: &'static str| {
        TrustSettings::new(None, &move |asked| (asked == name).then(|| value.into()))
    };
    let oldest = |value| new("TLS_MIN_VERSION", value).unwrap().oldest;
    assert_eq!(oldest(""), OldestTls::Tls13);
    assert_eq!(oldest("1.3"), OldestTls::Tls13);
    assert_eq!(oldest("1.2"), OldestTls::Tls12);
    assert_eq!(
        new("TLS_MIN_VERSION", "1.1").unwrap_err().to_string(),
        "TLS_MIN_VERSION: \"1.1\" is not known; write 1.2 or 1.3"
    );
    assert_eq!(new("K_CA_CERTS", "").unwrap().ca_certs, None);
    assert_eq!(new("K_CA_CERTS", "x").unwrap().ca_certs.unwrap(), "x");
}
