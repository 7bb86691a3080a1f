//! What holds of every command line and environment.

use heartbeats::config::{Config, LogFormat, Problems, Start, sink_origin};
use heartbeats::event::Timestamp;
use heartbeats::go::flag::{Item, read};
use heartbeats::pulse::log;
use http::Uri;
use serde_json::Value;

/// `variables`: what `K_SINK`, `POD_NAME`, `POD_NAMESPACE`, `ONE_SHOT` and `K_CE_OVERRIDES` are set to.
pub(crate) fn hold(args: &[String], variables: &[Option<String>; 5]) {
    flags_are_read_in_either_form(args);
    const NAMES: [&str; 5] = [
        "K_SINK",
        "POD_NAME",
        "POD_NAMESPACE",
        "ONE_SHOT",
        "K_CE_OVERRIDES",
    ];
    let env = |name: &str| {
        let at = NAMES.iter().position(|known| *known == name)?;
        variables[at].clone()
    };
    match Config::read(args, &env) {
        Ok(Start::Help) => {}
        Ok(Start::Run(config)) => {
            can_be_sent_to(&config);
            assert!(!config.period.is_zero() && !config.timeout.is_zero());
            assert_eq!(sink_origin(args, &env), Some(config.sink.origin.clone()));
            is_one_line(&log::started(&config, Timestamp::from_unix_nanos(0)));
        }
        Err(problems) => are_told(&problems),
    }
}

fn can_be_sent_to(config: &Config) {
    let sink = &config.sink;
    let scheme = sink.shown.split_once("://").unwrap().0;
    let uri = Uri::builder()
        .scheme(scheme)
        .authority(sink.authority.as_str())
        .path_and_query(sink.target.as_str())
        .build();
    let uri = uri.unwrap_or_else(|why| panic!("{why}: {sink:?}"));
    assert_eq!(
        uri.port_u16().unwrap_or(sink.origin.port),
        sink.origin.port,
        "{sink:?}"
    );
    assert_eq!(uri.path_and_query().unwrap().as_str(), sink.target);
    let bare = uri
        .host()
        .unwrap()
        .trim_start_matches('[')
        .trim_end_matches(']');
    assert_eq!(bare.to_ascii_lowercase(), sink.origin.host);
    let visible = |text: &str| text.bytes().all(|byte| byte.is_ascii_graphic());
    assert!(
        visible(&sink.authority) && visible(&sink.target),
        "{sink:?}"
    );
    assert!(!sink.authority.contains('@'), "{sink:?}");
    let authorization = sink.authorization.as_deref().unwrap_or("Basic x");
    assert!(
        visible(&authorization.replacen(' ', "", 1)),
        "{authorization:?}"
    );
}

/// Each on a line of its own, and none without end.
fn are_told(problems: &Problems) {
    assert!(!problems.is_empty());
    for problem in problems.iter() {
        let line = problem.to_string();
        is_one_line(&line);
    }
    for format in [LogFormat::Text, LogFormat::Json] {
        let lines = log::problems(problems, format, Timestamp::from_unix_nanos(0));
        assert_eq!(lines.lines().count(), problems.iter().count(), "{lines}");
        for line in lines.lines() {
            is_one_line(line);
            if format == LogFormat::Json {
                assert!(serde_json::from_str::<Value>(line).is_ok(), "{line}");
            }
        }
    }
}

fn is_one_line(line: &str) {
    assert!(!line.contains(|c: char| c.is_control()), "{line:?}");
}

fn flags_are_read_in_either_form(args: &[String]) {
    let known = ["label", "period"];
    let items = read(args, &known);
    assert!(items.len() <= args.len());
    let flags: Vec<_> = items
        .iter()
        .filter_map(|item| match item {
            Item::Flag(name, value) => Some((*name, *value)),
            _ => None,
        })
        .collect();
    let mut with_equals = Vec::new();
    let mut with_space = Vec::new();
    for (name, value) in &flags {
        assert!(known.contains(name), "{name:?}");
        with_equals.push(format!("-{name}={value}"));
        with_space.extend([format!("--{name}"), value.to_string()]);
    }
    let again: Vec<_> = flags
        .iter()
        .map(|(name, value)| Item::Flag(name, value))
        .collect();
    assert_eq!(read(&with_equals, &known), again);
    assert_eq!(read(&with_space, &known), again);
}
