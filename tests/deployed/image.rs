//! The container image, run as a Pod would run it: read-only, without capabilities, as the user that it names.

use std::process::{Command, Output};
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::golden::hold_all;
use crate::support::{Sink, Source, image};

/// The user and group that the image names.
const NOBODY: &str = "65532:65532";

#[test]
fn it_beats_with_the_arguments_of_the_original_s_manifest_and_stops_when_told() {
    let sink = Sink::answering(202);
    let source = of_a_pod(&sink).flag("--period=1").start();

    let beats = sink.wait_for(3);

    assert!(
        beats[0]
            .header("ce-source")
            .unwrap()
            .ends_with("#event-test/example-pod")
    );
    let grid = beats[2].at - beats[0].at;
    let expected = Duration::from_secs(2);
    assert!(grid.abs_diff(expected) < expected / 4, "{grid:?}");
    source.signal(Signal::TERM);
    source.wait_within(Duration::from_secs(10)).succeeded();
}

#[test]
fn it_has_at_most_25_megabytes() {
    let size: u64 = inspected("{{.Size}}").parse().unwrap();
    assert!(size <= 25_000_000, "{size} bytes");
}

#[test]
fn its_user_is_nobody_by_number() {
    assert_eq!(inspected("{{.Config.User}}"), NOBODY);
}

#[test]
fn its_first_beat_comes_within_100_milliseconds() {
    let root = Root::mount();
    // The fastest of some: the machine does other things beside.
    let fastest = (0..10).map(|_| root.first_beat()).min().unwrap();
    assert!(fastest <= Duration::from_millis(100), "{fastest:?}");
}

#[test]
fn every_recorded_case_holds() {
    hold_all(Source::in_image);
}

fn of_a_pod(sink: &Sink) -> Source {
    Source::in_image().named().set("K_SINK", sink.url())
}

fn inspected(what: &str) -> String {
    let mut command = image::podman();
    command.args(["image", "inspect", "--format", what, &image::name()]);
    printed(command)
}

fn printed(mut command: Command) -> String {
    let Output {
        status,
        stdout,
        stderr,
    } = command.output().unwrap();
    assert!(
        status.success(),
        "{command:?}\n{}",
        String::from_utf8_lossy(&stderr)
    );
    String::from_utf8(stdout).unwrap().trim().to_owned()
}

/// The image's file system: a start in it is measured without that of a container engine.
struct Root(String);

impl Root {
    fn mount() -> Self {
        let mut command = image::podman();
        command.args(["image", "mount", &image::name()]);
        Self(printed(command))
    }

    fn first_beat(&self) -> Duration {
        let sink = Sink::answering(202);
        let mut command = Command::new("chroot");
        command
            .arg(format!("--userspec={NOBODY}"))
            .arg(&self.0)
            .args(["/heartbeats-host", "run", "--"])
            .envs([
                ("XDG_CACHE_HOME", "/cache"),
                ("K_SINK", &sink.url()),
                ("POD_NAME", "p"),
                ("POD_NAMESPACE", "n"),
                ("ONE_SHOT", "true"),
            ]);
        let start = Instant::now();
        printed(command);
        sink.requests()[0].at - start
    }
}

impl Drop for Root {
    fn drop(&mut self) {
        let mut command = image::podman();
        let _ = command.args(["image", "unmount", &image::name()]).output();
    }
}
