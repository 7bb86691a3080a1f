//! What a request is about.

use http::{Method, Uri};

use crate::manifest::Key;
use crate::serve::service::Action;

/// What a request is about.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Route {
    Health,
    Ready,
    Metrics {
        by_source: bool,
    },
    OpenApi,
    Sources {
        from: usize,
        count: usize,
    },
    Source(Key),
    Act(Key, Action),
    WrongMethod(&'static str),
    BadQuery(&'static str),
    Unknown,
    /// It is no business of whoever asks.
    Foreign,
}

/// Sources a page, unless the request says otherwise, and at the most.
const PAGE: usize = 100;
pub(super) const LONGEST_PAGE: usize = 1_000;

pub(super) fn route(method: &Method, uri: &Uri) -> Route {
    let path: Vec<&str> = uri.path().split('/').skip(1).collect();
    let key = |namespace: &str, name: &str| Key {
        namespace: namespace.into(),
        name: name.into(),
    };
    let (allowed, route) = match path[..] {
        ["healthz"] => ("GET", Route::Health),
        ["readyz"] => ("GET", Route::Ready),
        ["metrics"] => ("GET", metrics(uri.query())),
        ["openapi.json"] => ("GET", Route::OpenApi),
        ["sources"] => ("GET", page(uri.query().unwrap_or_default())),
        ["sources", namespace, name] => ("GET", Route::Source(key(namespace, name))),
        ["sources", namespace, name, action] => match action {
            "fire" => ("POST", Route::Act(key(namespace, name), Action::Fire)),
            "suspend" => ("POST", Route::Act(key(namespace, name), Action::Suspend)),
            "resume" => ("POST", Route::Act(key(namespace, name), Action::Resume)),
            _ => return Route::Unknown,
        },
        _ => return Route::Unknown,
    };
    if *method == allowed {
        route
    } else {
        Route::WrongMethod(allowed)
    }
}

fn metrics(query: Option<&str>) -> Route {
    match query {
        None | Some("" | "by=tenant") => Route::Metrics { by_source: false },
        Some("by=source") => Route::Metrics { by_source: true },
        Some(_) => Route::BadQuery("there are by=tenant and by=source"),
    }
}

fn page(query: &str) -> Route {
    let (mut from, mut count) = (0, PAGE);
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        match pair.split_once('=') {
            Some(("continue", value)) => match value.parse() {
                Ok(place) => from = place,
                Err(_) => return Route::BadQuery("continue is none that a page had"),
            },
            Some(("limit", value)) => match value.parse() {
                Ok(limit @ 1..=LONGEST_PAGE) => count = limit,
                _ => return Route::BadQuery("limit is a number from 1 to 1000"),
            },
            _ => return Route::BadQuery("there are the parameters limit and continue"),
        }
    }
    Route::Sources { from, count }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_path_has_its_method() {
        let of = |method: Method, path: &str| route(&method, &path.parse().unwrap());
        let key = || Key {
            namespace: "t".into(),
            name: "a".into(),
        };
        for (method, path, expected) in [
            (Method::GET, "/healthz", Route::Health),
            (
                Method::GET,
                "/sources",
                Route::Sources {
                    from: 0,
                    count: 100,
                },
            ),
            (
                Method::GET,
                "/sources?limit=5&continue=7",
                Route::Sources { from: 7, count: 5 },
            ),
            (Method::GET, "/sources/t/a", Route::Source(key())),
            (
                Method::POST,
                "/sources/t/a/fire",
                Route::Act(key(), Action::Fire),
            ),
            (Method::POST, "/sources/t/a/burn", Route::Unknown),
            (Method::GET, "/sources/t/a/fire", Route::WrongMethod("POST")),
            (Method::POST, "/metrics", Route::WrongMethod("GET")),
            (Method::GET, "/metrics", Route::Metrics { by_source: false }),
            (
                Method::GET,
                "/metrics?by=source",
                Route::Metrics { by_source: true },
            ),
            (
                Method::GET,
                "/metrics?by=beat",
                Route::BadQuery("there are by=tenant and by=source"),
            ),
            (Method::GET, "/", Route::Unknown),
            (Method::GET, "/sources/t", Route::Unknown),
        ] {
            assert_eq!(of(method, path), expected, "{path}");
        }
        for query in [
            "limit=0",
            "limit=1001",
            "limit=x",
            "continue=x",
            "continue=-1",
            "page=1",
            "limit",
        ] {
            assert!(
                matches!(
                    of(Method::GET, &format!("/sources?{query}")),
                    Route::BadQuery(_)
                ),
                "{query}"
            );
        }
    }
}
