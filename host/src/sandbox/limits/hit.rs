//! Which limit was hit.

use super::{Limits, SetBy};

/// A limit by its name in the settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Limit {
    /// Bytes of one linear memory.
    Memory,
    /// Linear memories.
    Memories,
    /// Tables.
    Tables,
    /// Elements of one table.
    TableElements,
    /// Core instances.
    Instances,
    /// Live resources.
    Handles,
    /// Bytes in one call to the host.
    HostCall,
    /// Bytes of one set of header fields.
    Headers,
    /// Random bytes in one call.
    Random,
    /// Requests at the same time.
    Requests,
    /// Bytes of a request's body.
    RequestBody,
    /// Bytes of an answer's body.
    AnswerBody,
    /// Bytes of output a second.
    Log,
    /// Computing at a stretch.
    Cpu,
    /// One call from start to end.
    Wall,
}

/// A limit that a guest has hit.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the limit {}={value} was hit{remedy}", limit.name())]
pub struct Hit {
    /// Which.
    pub limit: Limit,
    value: String,
    remedy: String,
}

impl Limit {
    /// All of them.
    pub const ALL: [Self; 15] = [
        Self::Memory,
        Self::Memories,
        Self::Tables,
        Self::TableElements,
        Self::Instances,
        Self::Handles,
        Self::HostCall,
        Self::Headers,
        Self::Random,
        Self::Requests,
        Self::RequestBody,
        Self::AnswerBody,
        Self::Log,
        Self::Cpu,
        Self::Wall,
    ];

    /// Its name in the settings, in errors and in metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::Memory => "memory",
            Self::Memories => "memories",
            Self::Tables => "tables",
            Self::TableElements => "table-elements",
            Self::Instances => "instances",
            Self::Handles => "handles",
            Self::HostCall => "host-call",
            Self::Headers => "headers",
            Self::Random => "random",
            Self::Requests => "requests",
            Self::RequestBody => "request-body",
            Self::AnswerBody => "answer-body",
            Self::Log => "log",
            Self::Cpu => "cpu",
            Self::Wall => "wall",
        }
    }
}

impl Limits {
    /// This limit as one that was hit.
    pub fn hit(&self, limit: Limit) -> Hit {
        let name = limit.name();
        Hit {
            limit,
            value: self.text(limit),
            remedy: match (self.set_by, limit) {
                (SetBy::Flags, _) => {
                    format!("; if the source may have more, raise it by --limit {name}=…")
                }
                (SetBy::Manifest, Limit::Memory | Limit::Cpu) => {
                    format!("; if the source may have more, raise spec.limits.{name}")
                }
                (SetBy::Manifest, _) => String::new(),
            },
        }
    }
}

/// The limit that made wasmtime stop a guest, if it was one.
pub(crate) fn hit_by(error: &wasmtime::Error, limits: &Limits) -> Option<Hit> {
    if let Some(hit) = error.downcast_ref::<Hit>() {
        return Some(hit.clone());
    }
    let texts: Vec<String> = error.chain().map(ToString::to_string).collect();
    let told = |mark: &str| texts.iter().any(|text| text.contains(mark));
    let (_, limit) = TOLD.iter().find(|(mark, _)| told(mark))?;
    Some(limits.hit(*limit))
}

/// For these wasmtime has no types, or wraps them on their way.
const TOLD: [(&str, Limit); 8] = [
    ("resource limit exceeded: instance count", Limit::Instances),
    ("resource limit exceeded: table count", Limit::Tables),
    ("resource limit exceeded: memory count", Limit::Memories),
    ("fuel allocated for hostcalls", Limit::HostCall),
    ("resource table has no free keys", Limit::Handles),
    ("store handle limit exceeded", Limit::Handles),
    ("total size of fields exceeds limit", Limit::Headers),
    // The only call that takes a length.
    ("requested len", Limit::Random),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hit_names_its_limit_and_how_to_raise_it() {
        let error = wasmtime::Error::from(Limits::default().hit(Limit::Memory)).context("calling");
        let hit = hit_by(&error, &Limits::default()).unwrap();
        assert_eq!(
            hit.to_string(),
            "the limit memory=16Mi was hit; if the source may have more, raise it by --limit memory=…"
        );
        let of_manifest = Limits {
            set_by: SetBy::Manifest,
            ..Limits::default()
        };
        for (limit, text) in [
            (
                Limit::Cpu,
                "the limit cpu=5s was hit; if the source may have more, raise spec.limits.cpu",
            ),
            (Limit::Handles, "the limit handles=256 was hit"),
        ] {
            assert_eq!(of_manifest.hit(limit).to_string(), text);
        }
        let error = wasmtime::Error::from(wasmtime::component::ResourceTableError::Full);
        let hit = hit_by(&error, &Limits::default()).unwrap();
        assert_eq!(hit.limit, Limit::Handles);
        let other = wasmtime::Error::msg("wasm trap: unreachable");
        assert_eq!(hit_by(&other, &Limits::default()), None);
    }
}
