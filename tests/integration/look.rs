//! Looking at samples: explain, preview, report, view.

use crate::digest::rich;
use crate::house::House;
use augmint::digest::Digest;
use augmint::manifest::Entry;
use augmint::seed::Role;
use serde_json::Value;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Stdio};

/// A house with the rich recipe built as v1, and its samples.
fn built(options: &str) -> (House, Vec<Entry>) {
    let house = rich();
    let digest = house.build(&format!("--tag v1 {options}"));
    let entries = house.entries(&digest);
    (house, entries)
}

/// A training copy with a mix and a rotation.
fn mixed(entries: &[Entry]) -> &Entry {
    let on = |entry: &&Entry, id: &str| entry.steps.iter().any(|step| &*step.id == id);
    entries.iter().find(|entry| on(entry, "mixup") && on(entry, "rotate")).expect("no sample is mixed and rotated")
}

#[test]
fn a_sample_is_found_by_whatever_people_have_of_it() {
    let (house, entries) = built("");
    let key = mixed(&entries).key.to_string();
    let log = format!("epoch 3 step 17 loss 4.21 {key}.jpg target 3");
    house.write("log.txt", log.as_bytes());
    for text in [&key, &key[..12], &format!("{key}.jpg"), &format!("train-00000.tar/{key}.json"), &key.to_uppercase()] {
        assert_eq!(house.json(&format!("explain t@v1 {text}"))["key"], Value::from(key.as_str()), "{text}");
    }
    // A whole line is one argument.
    let output = house.command("explain t@v1 --json").arg(&log).output().unwrap();
    assert_eq!(serde_json::from_slice::<Value>(&output.stdout).unwrap()["key"], Value::from(key.as_str()));
    let message = house.error("explain t@v1 ffffffffffffffffffffffffffffffff");
    assert!(message.contains("t@v1 has no sample ffffffffffffffffffffffffffffffff"), "{message}");
    let message = house.error("explain t@v1 page");
    assert!(message.contains("'page' holds no sample's key"), "{message}");
}

#[test]
fn a_sample_is_explained_as_its_manifest_states_it() {
    let (house, entries) = built("");
    let entry = mixed(&entries);
    let answer = house.json(&format!("explain t@v1 {}", entry.key));
    assert_eq!(answer["digest"], Value::from(entry.digest.to_string()));
    assert_eq!(answer["bytes"], Value::from(entry.bytes));
    let steps = answer["steps"].as_array().unwrap();
    let ids: Vec<&str> = steps.iter().map(|step| step["id"].as_str().unwrap()).collect();
    assert_eq!(ids, entry.steps.iter().map(|step| &*step.id).collect::<Vec<_>>());
    let shares: f64 = answer["label"].as_array().unwrap().iter().map(|one| one["share"].as_f64().unwrap()).sum();
    assert_eq!(shares, 1.0);
    let mix = steps.iter().find(|step| step["id"] == "mixup").unwrap();
    assert!(mix["partner"]["path"].as_str().unwrap().ends_with(".jpg"), "{mix}");
    assert!(mix["partner"]["steps"].is_array(), "the partner's own steps follow from the plan: {mix}");
    let text = house.ok(&format!("explain t@v1 {}", entry.key));
    assert!(text.contains("steps were on, in this order") && text.contains("degrees "), "{text}");
    // A recipe that is not built knows the same sample, but for its bytes.
    let answer = house.json(&format!("explain recipe.toml {}", entry.key));
    assert_eq!((answer["steps"].clone(), &answer["digest"]), (steps.clone().into(), &Value::Null));
}

#[test]
fn a_sample_is_drawn_again_bit_for_bit_stored_or_not() {
    for options in ["", "--no-store"] {
        let (house, entries) = built(options);
        let entry = mixed(&entries);
        house.ok(&format!("explain t@v1 {} --out again.jpg --steps steps.png", entry.key));
        assert_eq!(Digest::of(&house.read("again.jpg")), entry.digest, "{options}");
        assert!(house.read("steps.png").starts_with(b"\x89PNG"));
        house.ok(&format!("explain t@v1 {} --out again.png", entry.key));
        assert!(house.read("again.png").starts_with(b"\x89PNG"));
        let message = house.error(&format!("explain t@v1 {} --out again.webp", entry.key));
        assert!(message.contains("the sample is stored as jpg, and again.webp says otherwise"), "{message}");
    }
}

#[test]
fn what_cannot_be_drawn_is_said_and_what_is_stored_is_still_shown() {
    let (house, entries) = built("");
    let entry = mixed(&entries);
    std::fs::rename(house.path("images"), house.path("elsewhere")).unwrap();
    house.ok(&format!("explain t@v1 {}", entry.key));
    // The stored bytes are the same ones; the stages are nowhere but in the sources.
    let ran = house.run(&format!("explain t@v1 {} --out stored.jpg", entry.key));
    assert_eq!(ran.code, Some(0), "{ran:#?}");
    assert!(ran.stderr.contains("--sources DIR") && ran.stderr.contains("taken from the store, sha256:"), "{ran:#?}");
    assert_eq!(Digest::of(&house.read("stored.jpg")), entry.digest);
    let ran = house.run(&format!("explain t@v1 {} --steps steps.png", entry.key));
    assert_eq!(ran.code, Some(2));
    assert!(ran.stderr.contains("cannot be drawn again") && !ran.stderr.contains("not stored"), "{ran:#?}");
    house.ok(&format!("explain t@v1 {} --out again.jpg --sources elsewhere", entry.key));
    let ran = house.run("report t@v1 --full 4");
    assert_eq!(ran.code, Some(0));
    assert!(ran.stderr.contains("only what is stored could be shown"), "{ran:#?}");
    let page = String::from_utf8(house.read("report.html")).unwrap();
    assert!(page.contains("data:image/jpeg;base64,/9j/"), "a stored sample is shown at full size");
    for tar in house.shards() {
        std::fs::remove_file(tar).unwrap();
    }
    let ran = house.run(&format!("explain t@v1 {} --out gone.jpg", entry.key));
    assert_eq!(ran.code, Some(2));
    assert!(ran.stderr.contains("is not stored, and cannot") && !house.path("gone.jpg").exists(), "{ran:#?}");
}

#[test]
fn a_report_loads_nothing_and_names_become_no_markup() {
    let house = House::with_folders(&[("계약서 & <b>양식", 6), ("form", 6)]);
    house.recipe("[split]\nval = 0.4\n[amount]\ncopies = 4\n");
    house.build("--tag v1");
    house.ok("report t@v1 --out report.html --samples 20 --full 5");
    let page = String::from_utf8(house.read("report.html")).unwrap();
    assert!(page.contains("계약서 &amp; &lt;b&gt;양식") && !page.contains("<b>양식"), "escaped");
    for outside in ["http://", "https://", "src=\"/", "url("] {
        let without_svg = page.replace("http://www.w3.org/2000/svg", "");
        assert!(!without_svg.contains(outside), "{outside}");
    }
    let count = |text: &str| page.matches(text).count();
    assert_eq!((count("type=\"application/json\" id=\"s"), count("\"full\":\"data:image/jpeg")), (20, 5));
    assert!(page.contains("default-src 'none'"));
}

#[test]
fn steps_of_one_id_in_both_recipes_are_kept_apart() {
    let house = House::with_folders(&[("form", 10), ("plate", 10)]);
    house.write(
        "validation.toml",
        b"name = \"validation\"\nseed = 5\n[[step]]\nid = \"soft\"\n\
          op.motion_blur = { length = [2, 5], degrees = [0, 90] }\n[output]\n\
          fit.within = { width = 24, height = 24 }\nencode.jpeg = { quality = 80 }\n",
    );
    house.recipe(
        "[split]\nval = 0.25\nnoisy_val = { recipe = \"validation.toml\", copies = 3 }\n[amount]\ncopies = 4\n\
         [[step]]\nid = \"soft\"\nop.blur = { sigma = [1, 2] }\nchance = 0.6\n",
    );
    let digest = house.build("--tag v1");
    let entries = house.entries(&digest);
    // Samples that go through a list of steps, and those of them that its `soft` is on for.
    let counts = |role: Role| {
        let through: Vec<&Entry> = entries.iter().filter(|entry| entry.role == role).collect();
        let on = through.iter().filter(|entry| entry.steps.iter().any(|step| &*step.id == "soft")).count();
        (through.len(), on)
    };
    let (copies, noisy) = (counts(Role::Train), counts(Role::NoisyVal));
    assert!(0 < copies.1 && copies.1 < copies.0 && noisy.1 == noisy.0 && noisy.0 > 0, "{copies:?} {noisy:?}");

    house.ok("report t@v1 --out report.html --samples 20 --full 0");
    let page = String::from_utf8(house.read("report.html")).unwrap();
    for (name, op, (through, on)) in [("soft", "blur", copies), ("soft (noisy validation)", "motion_blur", noisy)] {
        let share = 100.0 * on as f64 / through as f64;
        let number = |text: String| format!("<td class=\"number\">{text}</td>");
        let row = format!("<td>{name}</td><td>{op}</td>{}{}", number(on.to_string()), number(format!("{share:.1} %")));
        assert!(page.contains(&row), "{row} is not in the page");
    }
    assert!(page.contains("<b>soft.sigma</b>") && page.contains("<b>soft.length (noisy validation)</b>"));

    let view = View::start(&house, "t@v1");
    let index: Value = serde_json::from_slice(&view.get("/index.json", "localhost").2).unwrap();
    let soft = index["steps"].as_array().unwrap().iter().filter(|step| step["id"] == "soft");
    let columns: Vec<_> = soft
        .map(|step| {
            let names = step["params"].as_array().unwrap().iter().map(|param| param["name"].as_str().unwrap());
            (step["of"].as_str().unwrap(), step["op"].as_str().unwrap(), names.collect::<Vec<_>>().join(" "))
        })
        .collect();
    let expected = [("recipe", "blur", "sigma".to_owned()), ("validation", "motion_blur", "degrees length".to_owned())];
    assert_eq!(columns, expected);
}

#[test]
fn previews_are_sheets_of_classes_of_steps_and_beside_real_images() {
    let (house, _) = built("");
    let size = |path: &str| {
        let bytes = house.read(path);
        let number = |at: usize| u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap());
        assert!(bytes.starts_with(b"\x89PNG"), "{path}");
        (number(16), number(20))
    };
    house.ok("preview recipe.toml --out class.png --copies 3");
    house.ok("preview t@v1 --by step --out step.png --copies 3");
    house.ok("preview t@v1 --against images --out against.png --copies 3");
    assert_eq!(size("class.png").0, size("step.png").0);
    assert!(size("step.png").1 > size("class.png").1, "there are more steps than classes");
    assert!(size("against.png").1 > 1000);
    std::fs::create_dir(house.path("없음 empty")).unwrap();
    let output = house.command("preview t@v1 --against").arg("없음 empty").output().unwrap();
    let ran = house.ran(output);
    assert!(ran.code == Some(2) && ran.stderr.contains("없음 empty holds no image that can be read"), "{ran:#?}");
    house.write("없음 empty/a.jpg", b"no image");
    let ran = house.ran(house.command("preview t@v1 --against").arg("없음 empty").output().unwrap());
    assert!(ran.code == Some(2) && ran.stderr.contains("a.jpg"), "{ran:#?}");
}

/// A server, ended with the value.
struct View {
    child: Child,
    port: u16,
}

impl View {
    fn start(house: &House, line: &str) -> Self {
        let mut child = house.command(&format!("view {line} --port 0")).stderr(Stdio::null()).spawn().unwrap();
        let mut first = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut first).unwrap();
        let port = first.trim().trim_end_matches('/').rsplit(':').next().unwrap().parse().expect("no address");
        Self { child, port }
    }

    /// Status, head and body.
    fn get(&self, path: &str, host: &str) -> (u16, String, Vec<u8>) {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n").unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        let end = answer.windows(4).position(|four| four == b"\r\n\r\n").expect("no head") + 4;
        let head = String::from_utf8(answer[..end].to_vec()).unwrap();
        (head[9..12].parse().unwrap(), head, answer[end..].to_vec())
    }
}

impl Drop for View {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn every_sample_of_a_version_that_is_not_stored_is_served() {
    let (house, entries) = built("--no-store");
    let view = View::start(&house, "t@v1");
    let (status, _, body) = view.get("/index.json", "localhost");
    let index: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!((status, index["key"].as_array().unwrap().len()), (200, entries.len()));
    let entry = mixed(&entries);
    let key = entry.key;
    let (status, head, body) = view.get(&format!("/a/prefix/image/{key}?v=1"), "127.0.0.1:1");
    assert_eq!((status, Digest::of(&body)), (200, entry.digest), "{head}");
    assert!(head.contains("image/jpeg") && head.contains("nosniff"), "{head}");
    assert_eq!(view.get(&format!("/thumbnail/{key}"), "[::1]").0, 200);
    let detail: Value = serde_json::from_slice(&view.get(&format!("/detail/{key}"), "localhost:9").2).unwrap();
    assert_eq!(detail["stages"].as_array().unwrap().len(), entry.steps.len() + 2);
    assert_eq!(view.get(&format!("/stage/{key}/0"), "localhost").0, 200);
    assert_eq!(view.get(&format!("/stage/{key}/99"), "localhost").0, 404);
}

#[test]
fn a_server_answers_this_machine_alone_and_has_no_files() {
    let (house, entries) = built("");
    let view = View::start(&house, "t@v1");
    for host in ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example:8700", ""] {
        assert_eq!(view.get("/", host).0, 403, "{host}");
    }
    let key = entries[0].key;
    for path in
        ["/recipe.toml", "/../recipe.toml", "/image/../../recipe.toml", "/image/%2e%2e%2frecipe.toml", "/image/00"]
    {
        assert_eq!(view.get(path, "localhost").0, 404, "{path}");
    }
    assert_eq!(view.get(&format!("/image/{key}"), "localhost").0, 200);
    let (_, _, page) = view.get("/", "localhost");
    let page = String::from_utf8(page).unwrap();
    assert!(
        !page.contains("href=\"/") && !page.contains("src=\"/") && !page.contains("http://"),
        "addresses are relative"
    );
    // Nothing but loopback is listened on.
    let sockets = std::fs::read_to_string(format!("/proc/{}/net/tcp", view.child.id())).unwrap();
    let port = format!(":{:04X}", view.port);
    let listening: Vec<&str> = sockets
        .lines()
        .filter_map(|line| {
            let fields: Vec<&str> = line.split_whitespace().collect();
            (fields.get(3) == Some(&"0A") && fields[1].ends_with(&port)).then(|| fields[1])
        })
        .collect();
    assert_eq!(listening, [format!("0100007F{port}")]);
}

#[test]
fn a_port_that_is_taken_is_said() {
    let (house, _) = built("");
    let view = View::start(&house, "t@v1");
    let message = house.error(&format!("view t@v1 --port {}", view.port));
    assert!(message.contains(&format!("cannot listen on 127.0.0.1:{}", view.port)), "{message}");
}
