//! The gallery as a server: a page, the index of all samples, and pictures that are rendered when they are looked at.
//!
//! It answers what this version has and nothing else: no file of the disk has an address. Addresses are told by their
//! last parts alone, and the page's own are relative, so that a forwarded port and a path prefix of a proxy work. A
//! request under a foreign name is refused, so that no page of the web can read a version through a name that it points to
//! 127.0.0.1 (DNS rebinding). What listens is in `cli`.

use crate::gallery::{self, Index, StageImage, detail, overview, thumbnail};
use crate::manifest::{Entry, Key};
use crate::opened::{OpenError, Viewer};
use crate::report::{Script, document};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

/// How many opened samples' stages are kept: the page asks for them one by one.
const KEPT: usize = 32;

/// A version that is served.
pub struct Served<'a> {
    viewer: &'a Viewer<'a>,
    /// By key.
    entries: Vec<Entry>,
    page: String,
    index: String,
    stages: Mutex<VecDeque<(Key, Arc<Vec<StageImage>>)>>,
}

/// What a request is answered with.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Answer {
    /// 200, 403, 404, 405 or 500.
    pub status: u16,
    /// Of the body.
    pub media_type: &'static str,
    /// Whether a browser may keep it: what is named by the version's digest never changes.
    pub keep: bool,
    /// What is sent, but for HEAD.
    pub body: Vec<u8>,
}

impl Answer {
    fn text(status: u16, text: impl Into<String>) -> Self {
        Self { status, media_type: "text/plain; charset=utf-8", keep: false, body: text.into().into_bytes() }
    }

    fn found(media_type: &'static str, body: impl Into<Vec<u8>>) -> Self {
        Self { status: 200, media_type, keep: false, body: body.into() }
    }
}

/// Whether a `Host` header names this machine by a name that no one else can give: localhost, 127.0.0.1 or \[::1\], with
/// any port.
fn is_loopback(host: &str) -> bool {
    let (name, port) = match host.rsplit_once(':') {
        Some((name, port)) if !port.ends_with(']') => (name, port),
        _ => (host, ""),
    };
    let known = name.eq_ignore_ascii_case("localhost") || name == "127.0.0.1" || name == "[::1]";
    known && port.bytes().all(|byte| byte.is_ascii_digit())
}

impl<'a> Served<'a> {
    /// Reads all samples of what the viewer shows.
    ///
    /// # Errors
    /// When the manifest cannot be read.
    pub fn new(viewer: &'a Viewer<'a>) -> Result<Self, OpenError> {
        let opened = viewer.opened();
        let entries = opened.entries()?;
        let index = Index::new(opened, &entries);
        let body = format!("{}{}", gallery::BODY, overview(opened, &entries, &index));
        let page = document(opened.label(), gallery::STYLE, Script::Served(gallery::SCRIPT), &body);
        let index = serde_json::to_string(&index).expect("BUG: an index that is no JSON");
        Ok(Self { viewer, entries, page, index, stages: Mutex::default() })
    }

    /// How many samples it has.
    pub fn samples(&self) -> usize {
        self.entries.len()
    }

    /// Answers a request: its method, its path with anything behind a `?`, and its `Host` header.
    pub fn answer(&self, method: &str, path: &str, host: Option<&str>) -> Answer {
        if !host.is_some_and(is_loopback) {
            return Answer::text(
                403,
                "this gallery is for 127.0.0.1 and localhost alone; forward a port to reach it\n",
            );
        }
        if method != "GET" && method != "HEAD" {
            return Answer::text(405, "only GET\n");
        }
        let path = path.split(['?', '#']).next().unwrap_or_default();
        let parts: Vec<&str> = path.split('/').collect();
        match parts.as_slice() {
            [.., "image", key] => self.with(key, |entry| self.image(entry)),
            [.., "thumbnail", key] => self.with(key, |entry| match thumbnail(self.viewer, entry) {
                Ok(jpeg) => Answer::found("image/jpeg", jpeg),
                Err(error) => Answer::text(500, error.to_string()),
            }),
            [.., "detail", key] => self.with(key, |entry| self.detail(entry)),
            [.., "stage", key, number] => self.with(key, |entry| self.stage(entry, number)),
            [.., "index.json"] => Answer::found("application/json", self.index.clone()),
            [.., ""] => Answer::found("text/html; charset=utf-8", self.page.clone()),
            _ => Answer::text(404, "there is nothing of that name\n"),
        }
    }

    fn with(&self, key: &str, answer: impl Fn(&Entry) -> Answer) -> Answer {
        let found =
            key.parse::<Key>().ok().and_then(|key| self.entries.binary_search_by_key(&key, |entry| entry.key).ok());
        match found {
            Some(place) => {
                let answer = answer(&self.entries[place]);
                Answer { keep: answer.status == 200 && self.viewer.opened().digest().is_some(), ..answer }
            }
            None => Answer::text(404, format!("{} has no sample {key:.40}\n", self.viewer.opened().label())),
        }
    }

    fn image(&self, entry: &Entry) -> Answer {
        let media_type = match entry.file {
            crate::manifest::FileType::Jpg => "image/jpeg",
            crate::manifest::FileType::Png => "image/png",
            crate::manifest::FileType::Webp => "image/webp",
        };
        match self.viewer.bytes(entry) {
            Ok(bytes) => Answer::found(media_type, bytes),
            Err(error) => Answer::text(500, error.to_string()),
        }
    }

    /// What is said of a sample; the stages that are drawn for it are kept, as the page asks for them next.
    fn detail(&self, entry: &Entry) -> Answer {
        let (detail, images) = detail(self.viewer, entry);
        if let Ok(images) = images {
            self.keep(entry.key, Arc::new(images));
        }
        Answer::found("application/json", serde_json::to_vec(&detail).expect("BUG: a detail that is no JSON"))
    }

    fn stage(&self, entry: &Entry, number: &str) -> Answer {
        let kept = self.stages.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = kept.iter().find(|(key, _)| *key == entry.key).map(|(_, images)| images.clone());
        let images = match kept {
            Some(images) => images,
            None => match detail(self.viewer, entry).1 {
                Ok(images) => self.keep(entry.key, Arc::new(images)),
                Err(error) => return Answer::text(500, error.to_string()),
            },
        };
        match number.parse::<usize>().ok().and_then(|number| images.get(number)) {
            Some(image) => Answer::found("image/jpeg", image.jpeg.clone()),
            None => Answer::text(404, "there is no such stage\n"),
        }
    }

    fn keep(&self, key: Key, images: Arc<Vec<StageImage>>) -> Arc<Vec<StageImage>> {
        let mut stages = self.stages.lock().unwrap_or_else(PoisonError::into_inner);
        stages.retain(|(known, _)| *known != key);
        stages.push_back((key, images.clone()));
        if stages.len() > KEPT {
            stages.pop_front();
        }
        images
    }
}

#[cfg(test)]
mod tests {
    use super::is_loopback;

    #[test]
    fn only_names_of_this_machine_are_answered() {
        for host in ["localhost", "LOCALHOST:8700", "127.0.0.1:1", "127.0.0.1", "[::1]", "[::1]:65535"] {
            assert!(is_loopback(host), "{host}");
        }
        for host in [
            "evil.example",
            "localhost.evil.example:80",
            "127.0.0.1.evil.example",
            "127.0.0.2",
            "",
            "::1",
            "localhost:80@evil.example",
            "evil.example:127.0.0.1",
            "0.0.0.0:80",
        ] {
            assert!(!is_loopback(host), "{host}");
        }
    }
}
