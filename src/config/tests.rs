use super::*;
use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;

fn start(args: &[&str], env: &[(&str, &str)]) -> Result<Start, Problems> {
    let args: Vec<String> = args.iter().map(ToString::to_string).collect();
    Config::read(&args, &|name| {
        env.iter()
            .find(|(known, _)| *known == name)
            .map(|(_, value)| value.to_string())
    })
}

const POD: [(&str, &str); 3] = [
    ("K_SINK", "http://h/"),
    ("POD_NAMESPACE", "ns"),
    ("POD_NAME", "pod"),
];

fn config(args: &[&str], more: &[(&str, &str)]) -> Config {
    match start(args, &[more, &POD].concat()) {
        Ok(Start::Run(config)) => *config,
        Ok(Start::Help) => panic!("help"),
        Err(problems) => panic!("{problems}"),
    }
}

fn problems(args: &[&str], env: &[(&str, &str)]) -> Vec<(String, Cause)> {
    match start(args, env) {
        Err(problems) => problems
            .iter()
            .map(|problem| (problem.setting.clone(), problem.cause.clone()))
            .collect(),
        Ok(_) => vec![],
    }
}

#[test]
fn the_defaults_are_those_of_the_original() {
    let config = config(&[], &[]);
    assert_eq!(
        config.attributes.source,
        "https://knative.dev/eventing-contrib/cmd/heartbeats/#ns/pod"
    );
    assert_eq!(
        config.attributes.event_type,
        "dev.knative.eventing.samples.heartbeat"
    );
    let extensions = [
        ("the".to_owned(), Extension::Integer(42)),
        ("heart".to_owned(), Extension::Text("yes".to_owned())),
        ("beats".to_owned(), Extension::Boolean(true)),
    ];
    assert_eq!(config.attributes.extensions, extensions);
    assert_eq!(
        (config.label.as_str(), config.msg.as_str(), config.mode),
        ("", "", Mode::Binary)
    );
    assert_eq!(
        (config.period, config.timeout),
        (Duration::from_secs(5), Duration::from_secs(10))
    );
    assert_eq!(
        (config.retries, config.count, config.log),
        (10, None, LogFormat::Text)
    );
}

#[test]
fn every_flag_has_its_effect() {
    let config = config(
        &[
            "/",
            "--eventSource=/s p",
            "-eventType",
            " t ",
            "--label=\"a\\tb\"",
            "--msg=\"m",
            "--period=1.5s",
            "--retries=0",
            "--timeout=3",
            "--mode=structured",
            "--count=7",
            "--log-format=json",
            "--sink=http://unused/",
        ],
        &[(
            "K_CE_OVERRIDES",
            r#"{"extensions":{"Team":"blue","beats":"false"}}"#,
        )],
    );
    assert_eq!(
        (
            config.attributes.source.as_str(),
            config.attributes.event_type.as_str()
        ),
        ("/s%20p", "t")
    );
    assert_eq!(
        (config.label.as_str(), config.msg.as_str(), config.mode),
        ("a\tb", "\"m", Mode::Structured)
    );
    assert_eq!(
        (config.period, config.timeout),
        (Duration::from_millis(1500), Duration::from_secs(3))
    );
    assert_eq!(
        (config.retries, config.count, config.log),
        (0, Some(7), LogFormat::Json)
    );
    let text = |text: &str| Extension::Text(text.to_owned());
    assert_eq!(
        config.attributes.extensions[2..],
        [
            ("beats".to_owned(), text("false")),
            ("team".to_owned(), text("blue"))
        ]
    );
}

#[test]
fn one_shot_is_one_beat_whatever_the_count() {
    assert_eq!(config(&["--count=5"], &[("ONE_SHOT", "T")]).count, Some(1));
    assert_eq!(
        config(&["--count=5"], &[("ONE_SHOT", "False")]).count,
        Some(5)
    );
}

#[test]
fn a_pod_is_needed_only_for_the_default_source() {
    let sink = POD[0];
    assert_eq!(problems(&["--eventSource=/x"], &[sink]), []);
    let pod = |name: &str| (name.to_owned(), Cause::NoPod);
    assert_eq!(
        problems(&[], &[sink]),
        [pod("POD_NAME"), pod("POD_NAMESPACE")]
    );
    assert_eq!(
        problems(&[], &[sink, ("POD_NAME", ""), ("POD_NAMESPACE", "x")]),
        [pod("POD_NAME")]
    );
}

#[test]
fn each_wrong_setting_is_reported_for_its_reason() {
    use crate::go::{duration::Fault::*, url::Fault};
    for (arg, setting, cause) in [
        ("--nope", "--nope", Cause::UnknownFlag(None)),
        (
            "--eventsource=/x",
            "--eventsource",
            Cause::UnknownFlag(Some("eventSource")),
        ),
        ("--label", "--label", Cause::NoValue),
        ("---label=x", "command line", Cause::MalformedFlag),
        ("foo", "command line", Cause::Word),
        ("--period=abc", "--period", Cause::NoDuration(Syntax)),
        ("--period=", "--period", Cause::NoDuration(Syntax)),
        (
            "--period=9223372037",
            "--period",
            Cause::NoDuration(TooLong),
        ),
        ("--timeout=0", "--timeout", Cause::NoDuration(NotPositive)),
        ("--retries=-1", "--retries", Cause::NoNumber),
        ("--count=1.5", "--count", Cause::NoNumber),
        (
            "--mode=batch",
            "--mode",
            Cause::NoChoice("binary or structured"),
        ),
        (
            "--log-format=xml",
            "--log-format",
            Cause::NoChoice("text or json"),
        ),
        ("--label=\"abc", "--label", Cause::BadQuotes),
        ("--eventType=a\nb", "--eventType", Cause::ControlCharacter),
        ("--eventType=\u{3000}", "--eventType", Cause::EmptyType),
        ("--eventSource=#", "--eventSource", Cause::EmptySource),
        (
            "--eventSource=http://h/%zz",
            "--eventSource",
            Cause::NoUri(Fault::Escape),
        ),
    ] {
        assert_eq!(
            problems(&[arg], &POD),
            [(setting.to_owned(), cause)],
            "{arg}"
        );
    }
    assert_eq!(
        problems(&[], &[&POD[..], &[("ONE_SHOT", "")]].concat()),
        [("ONE_SHOT".to_owned(), Cause::NoBoolean)]
    );
}

#[test]
fn all_that_is_wrong_is_reported_at_once_with_the_value_and_a_remedy() {
    let args = ["--period=often", "--nope", "stray", "--label=\"x"];
    let env = [
        ("K_SINK", "ftp://u:secret@h/"),
        (
            "K_CE_OVERRIDES",
            r#"{"extensions":{"a-b":"secret","id":"secret"}}"#,
        ),
    ];
    let Err(problems) = start(&args, &env) else {
        panic!()
    };
    assert_eq!(problems.iter().count(), 9, "{problems}");
    let text = problems.to_string();
    for part in [
        "--period: \"often\"",
        "500ms",
        "\"stray\"",
        "\"a-b\"",
        "\"ftp://…@h/\"",
        "POD_NAMESPACE: is not set",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
    assert!(!text.contains("secret"), "{text}");
}

#[test]
fn help_needs_no_settings_and_names_every_one() {
    assert!(matches!(start(&["--help"], &[]), Ok(Start::Help)));
    assert!(matches!(
        start(&["--label=x", "-h", "--nope"], &[]),
        Ok(Start::Help)
    ));
    assert!(start(&["--nope", "--help"], &[]).is_err());
    let text = usage();
    for flag in flags::FLAGS {
        assert!(
            text.contains(&format!("--{} ", flag.name)) && text.contains(flag.default),
            "{}",
            flag.name
        );
    }
}

#[test]
fn a_wrong_setting_is_told_on_one_line_whatever_it_holds() {
    for arg in [
        "--x\n2026-01-01T00:00:00Z INFO  forged",
        "--\u{1b}[31m",
        "--label=\"\n/é@",
        "a\u{85}b",
    ] {
        let Err(problems) = start(&[arg], &POD) else {
            panic!("{arg:?} is wrong")
        };
        let told = problems.to_string();
        assert!(!told.contains(char::is_control), "{told:?}");
    }
}
