//! The field `spec`.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use heartbeats::config::{Config, Start};

use super::delivery::Delivery;
use super::fields::Node;
use super::schedule::{self, Schedule};
use super::sink::Sink;
use crate::quantity;

/// Names and values, in their order.
pub type Pairs = Box<[(Box<str>, Box<str>)]>;

/// What a source does, whatever its name: sources with equal settings share them.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Settings {
    /// Where its events go.
    pub sink: Sink,
    /// Extensions that are added to every event.
    pub overrides: Pairs,
    /// When it beats.
    pub schedule: Schedule,
    /// How far the first beats of a crowd are spread.
    pub start_jitter: Duration,
    /// What runs.
    pub component: Component,
    /// The component's own arguments.
    pub args: Box<[Box<str>]>,
    /// Variables of its own.
    pub env: Pairs,
    /// What is done about a failed delivery.
    pub delivery: Arc<Delivery>,
    /// How much it may use.
    pub limits: Limits,
}

/// What runs.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Component {
    /// The component that the host carries.
    Heartbeats,
    /// The component in a file.
    File(PathBuf),
}

/// How much one beat may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Limits {
    /// Bytes of memory.
    pub memory: u64,
    /// Computing time.
    pub cpu: Duration,
}

/// The variables that the host sets.
const RESERVED: [&str; 5] = [
    "K_SINK",
    "K_CE_OVERRIDES",
    "POD_NAME",
    "POD_NAMESPACE",
    "ONE_SHOT",
];

const MEMORY: std::ops::RangeInclusive<u64> = (64 << 10)..=(1 << 30);
const CPU: std::ops::RangeInclusive<Duration> = Duration::from_millis(1)..=Duration::from_secs(60);

impl Default for Limits {
    fn default() -> Self {
        Self {
            memory: 16 << 20,
            cpu: Duration::from_millis(500),
        }
    }
}

impl Settings {
    /// Where an event goes: a dead one to the dead letter sink.
    pub fn destination(&self, dead: bool) -> &Sink {
        match &self.delivery.dead_letter_sink {
            Some(sink) if dead => sink,
            _ => &self.sink,
        }
    }
}

impl Component {
    /// A path in a manifest is relative to the manifest's folder.
    pub fn relative_to(&mut self, folder: &Path) {
        if let Self::File(path) = self {
            *path = folder.join(&path);
        }
    }
}

impl Settings {
    /// Reads `spec`; the second value is `spec.suspend`.
    pub(super) fn read(node: Node<'_>) -> Option<(Self, bool)> {
        let mut spec = node.fields()?;
        let sink = spec
            .required("sink", "write {uri: \"http://…\"}")
            .and_then(Sink::read);
        let overrides = spec.take("ceOverrides").map(overrides);
        let schedule = schedule::read(&mut spec);
        let component = spec.take("component").map(component);
        let args = spec.take("args");
        let arguments = args.as_ref().map(strings);
        let env = spec.take("env").map(env);
        let delivery = spec.take("delivery").map(Delivery::read);
        let limits = spec.take("limits").map(Limits::read);
        let suspend = spec.take("suspend").map(|node| node.boolean());
        spec.end();
        let (schedule, start_jitter) = schedule?;
        let settings = Self {
            sink: sink?,
            overrides: overrides.unwrap_or_else(|| Some(Box::default()))?,
            schedule,
            start_jitter,
            component: component.unwrap_or(Some(Component::Heartbeats))?,
            args: arguments.unwrap_or_else(|| Some(Box::default()))?,
            env: env.unwrap_or_else(|| Some(Box::default()))?,
            delivery: Arc::new(delivery.unwrap_or_else(|| Some(Delivery::default()))?),
            limits: limits.unwrap_or_else(|| Some(Limits::default()))?,
        };
        if let Some(args) = args
            && settings.component == Component::Heartbeats
        {
            flags(&args, &settings.args);
        }
        Some((settings, suspend.unwrap_or(Some(false))?))
    }
}

/// What the component that the host carries would say about its flags.
fn flags(node: &Node<'_>, args: &[Box<str>]) {
    let args: Vec<String> = args.iter().map(ToString::to_string).collect();
    match Config::read(&args, &|name| contract(name, None)) {
        Ok(Start::Run(_)) => {}
        Ok(Start::Help) => node.wrong("--help is no setting of a source; leave it out"),
        Err(problems) => problems
            .iter()
            .for_each(|problem| node.wrong(problem.to_string())),
    }
}

/// Variables with which only what is to be checked can be wrong.
fn contract(name: &str, overrides: Option<&str>) -> Option<String> {
    match name {
        "K_SINK" => Some("http://sink".to_owned()),
        "K_CE_OVERRIDES" => overrides.map(str::to_owned),
        "POD_NAME" | "POD_NAMESPACE" => Some("x".to_owned()),
        _ => None,
    }
}

fn overrides(node: Node<'_>) -> Option<Pairs> {
    let mut fields = node.fields()?;
    let extensions = fields.take("extensions");
    fields.end();
    let Some(extensions) = extensions else {
        return Some(Box::default());
    };
    let mut read = Vec::new();
    for (name, value) in extensions.entries()? {
        let text = value.text()?;
        let json = serde_json::json!({ "extensions": { name: text } }).to_string();
        if let Err(problems) = Config::read(&[], &|name| contract(name, Some(&json))) {
            problems
                .iter()
                .for_each(|problem| value.wrong(problem.to_string()));
        }
        read.push((name.to_ascii_lowercase().into(), text.into()));
    }
    Some(read.into())
}

fn component(node: Node<'_>) -> Option<Component> {
    let mut fields = node.fields()?;
    let path = fields.required(
        "path",
        "write the path of a component, relative to this file",
    );
    fields.end();
    Some(Component::File(PathBuf::from(path?.text()?)))
}

fn strings(node: &Node<'_>) -> Option<Box<[Box<str>]>> {
    node.list()?
        .iter()
        .map(|item| item.text().map(Into::into))
        .collect()
}

fn env(node: Node<'_>) -> Option<Pairs> {
    node.list()?
        .into_iter()
        .map(|item| {
            let mut fields = item.fields()?;
            let name = fields.required("name", "write the name of a variable");
            let value = fields.take("value");
            fields.end();
            let (name_node, value) = (name?, value.map(|value| value.secret()));
            let name = name_node.text()?;
            if RESERVED.contains(&name) {
                name_node.refused(name, "is set by the host; leave it out");
            }
            if name.is_empty() || name.contains(['=', '\0']) {
                name_node.refused(name, "is no name of a variable; write one such as GREETING");
            }
            Some((name.into(), value.unwrap_or(Some(""))?.into()))
        })
        .collect()
}

impl Limits {
    fn read(node: Node<'_>) -> Option<Self> {
        let mut fields = node.fields()?;
        let default = Self::default();
        let memory = fields.take("memory").map(|node| {
            let bytes = node.parsed(
                quantity::parse,
                "is no amount of memory; write one such as 16Mi",
            )?;
            if !MEMORY.contains(&bytes) {
                node.wrong("is not between 64Ki and 1Gi; write an amount that is");
            }
            Some(bytes)
        });
        let cpu = fields.take("cpu").map(|node| {
            let cpu = schedule::duration(&node)?;
            if !CPU.contains(&cpu) {
                node.wrong("is not between 1ms and 60s; write a duration that is");
            }
            Some(cpu)
        });
        fields.end();
        Some(Self {
            memory: memory.unwrap_or(Some(default.memory))?,
            cpu: cpu.unwrap_or(Some(default.cpu))?,
        })
    }
}
