//! The limit on sockets: idle connections give way, and who gets none is told by which limit.

use super::world::{Manifest, World};
use crate::support::{Answer, Running, Sink, clean, host, scratch};

#[test]
fn more_sinks_than_sockets_are_all_served() {
    let sinks: Vec<_> = (0..20).map(|_| Sink::answering(202)).collect();
    let manifests: Vec<_> = sinks
        .iter()
        .enumerate()
        .map(|(n, sink)| Manifest::new(&format!("s{n}"), sink).spec("schedule: 200ms"))
        .collect();
    let world = World::with_options(&manifests, &["--sockets=6", "--tenant-limits=in-flight=2"]);

    for sink in &sinks {
        sink.wait_for(3);
    }

    let metrics = world.get_text("/metrics");
    let in_use = metrics
        .lines()
        .find_map(|line| line.strip_prefix("heartbeats_sockets "))
        .unwrap();
    assert!(in_use.parse::<usize>().unwrap() <= 6, "{metrics}");
    assert!(metrics.contains("heartbeats_sockets_limit 6"), "{metrics}");
    assert!(!world.log().contains("--sockets"), "{}", world.log());
}

#[test]
fn a_tenant_whose_sinks_hang_leaves_sockets_to_the_others() {
    let (hung, good) = (Sink::answering(Answer::Silence), Sink::answering(202));
    let mut manifests: Vec<_> = (0..50)
        .map(|n| {
            Manifest::new(&format!("h{n}"), &hung)
                .namespace("hog")
                .spec("schedule: 50ms")
        })
        .collect();
    manifests.push(Manifest::new("good", &good).spec("schedule: 50ms"));
    let world = World::with_options(&manifests, &["--sockets=9", "--tenant-limits=in-flight=4"]);

    hung.wait_for(4);
    let before = good.requests().len();
    good.wait_for(before + 20);

    assert_eq!(hung.requests().len(), 4);
    assert_eq!(world.state("event-test/good")["givenUp"], 0);
}

#[test]
fn who_gets_no_socket_is_told_by_which_limit_and_tries_again() {
    let hung = Sink::answering(Answer::Silence);
    let good = Sink::answering(202);
    let spec = "schedule: 1h, delivery: {retry: 1000, timeout: PT20S}";
    let world = World::with_options(
        &[
            Manifest::new("hung", &hung).spec("schedule: 1h, delivery: {timeout: PT4S, retry: 0}"),
            Manifest::new("a", &good).spec("schedule: 1h, suspend: true"),
        ],
        &["--sockets=1"],
    );
    world.said("one tenant's beats in flight may take all sockets;");
    hung.wait_for(1);
    world.write(&[
        Manifest::new("hung", &hung).spec("schedule: 1h, delivery: {timeout: PT4S, retry: 0}"),
        Manifest::new("a", &good).spec(spec),
    ]);

    world.wait_for_state("event-test/a", |state| {
        let reason = state["lastError"]["reason"].as_str().unwrap_or_default();
        reason.contains("all 1 sockets of this process are in use; allow more with --sockets")
    });
    good.wait_for(1);
}

#[test]
fn more_sockets_than_the_system_allows_stop_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = clean(host(), &scratch("cache"));
    command
        .args([
            "serve",
            "--admin=127.0.0.1:0",
            "--sockets=18446744073709551615",
        ])
        .arg("--sources")
        .arg(folder.path());

    let ended = Running::start(command).wait().failed();

    assert!(
        ended.stderr.contains("--sockets") && ended.stderr.contains("ulimit -n"),
        "{ended:#?}"
    );
}
