//! What CI services run: the script, with a program that only says what it was given, and the files that call it.

use assert_cmd::Command;
use assert_cmd::assert::Assert;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use tempfile::TempDir;
use yaml_rust2::{Yaml, YamlLoader};

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The script with a program that prints its words, one a line, and ends with this code.
struct Script {
    scratch: TempDir,
    command: Command,
}

impl Script {
    fn new(code: u8) -> Self {
        let scratch = tempfile::tempdir().expect("a directory");
        let program = scratch.path().join("program");
        fs::write(
            &program,
            format!("#!/bin/sh\nprintf '%s\\n' \"$@\"\nexit {code}\n"),
        )
        .expect("room");
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).expect("it is ours");
        let mut command = Command::new(repository().join("scripts/regression.sh"));
        for name in [
            "VMALOCK_INCONCLUSIVE",
            "GITHUB_EVENT_NAME",
            "GITHUB_ACTIONS",
            "GITHUB_STEP_SUMMARY",
            "CI_PIPELINE_SOURCE",
        ] {
            command.env_remove(name);
        }
        command
            .env("VMALOCK", &program)
            .env("VMALOCK_OUT", scratch.path().join("out"));
        Self { scratch, command }
    }

    fn run(mut self, base: &str) -> Assert {
        self.command.arg(base).assert()
    }

    fn with(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self
    }
}

#[test]
fn the_exit_code_is_that_of_the_check() {
    for code in [0, 1, 2, 3, 4, 5] {
        Script::new(code).run("HEAD").code(i32::from(code));
    }
}

#[test]
fn a_check_that_can_say_nothing_passes_where_it_may() {
    let inconclusive = || Script::new(3);
    inconclusive()
        .with("VMALOCK_INCONCLUSIVE", "warn")
        .run("HEAD")
        .code(0);
    inconclusive()
        .with("VMALOCK_INCONCLUSIVE", "fail")
        .run("HEAD")
        .code(3);
    inconclusive()
        .with("GITHUB_EVENT_NAME", "pull_request")
        .run("HEAD")
        .code(0);
    inconclusive()
        .with("GITHUB_EVENT_NAME", "push")
        .run("HEAD")
        .code(3);
    inconclusive()
        .with("CI_PIPELINE_SOURCE", "merge_request_event")
        .run("HEAD")
        .code(0);
    let pull_request = inconclusive().with("GITHUB_EVENT_NAME", "pull_request");
    pull_request
        .with("VMALOCK_INCONCLUSIVE", "fail")
        .run("HEAD")
        .code(3);
    Script::new(1)
        .with("VMALOCK_INCONCLUSIVE", "warn")
        .run("HEAD")
        .code(1);
}

#[test]
fn what_is_wrong_is_said() {
    let wrong = Script::new(0)
        .with("VMALOCK_INCONCLUSIVE", "maybe")
        .run("HEAD")
        .code(2);
    assert!(String::from_utf8_lossy(&wrong.get_output().stderr).contains("give warn or fail"));
    let none = Script::new(0).command.assert().code(2);
    assert!(String::from_utf8_lossy(&none.get_output().stderr).contains("give the revision"));
}

#[test]
fn every_output_is_asked_for() {
    let script = Script::new(0).with("GITHUB_ACTIONS", "true");
    let out = script.scratch.path().join("out");
    let assert = script
        .with("GITHUB_STEP_SUMMARY", "/the/summary")
        .run("some-revision")
        .code(0);
    let words = String::from_utf8(assert.get_output().stdout.clone()).expect("text");
    let words: Vec<&str> = words.lines().collect();
    let given = |flag: &str| {
        let place = words.iter().position(|word| *word == flag);
        words[place.unwrap_or_else(|| panic!("no {flag} in {words:?}")) + 1]
    };
    assert_eq!(words[0], "check");
    assert_eq!(given("--against"), "some-revision");
    assert_eq!(given("--summary"), "/the/summary");
    assert!(words.contains(&"--annotations"));
    for (flag, name) in [
        ("--out", "check"),
        ("--comment", "comment.md"),
        ("--junit", "junit.xml"),
        ("--openmetrics", "metrics.txt"),
        ("--bencher", "bencher.json"),
        ("--github-benchmark", "github-benchmark"),
        ("--benchstat", "benchstat"),
        ("--critcmp", "critcmp"),
    ] {
        assert_eq!(Path::new(given(flag)), out.join(name), "{flag}");
    }
}

/// The only document of a YAML file.
fn yaml(file: &str) -> Yaml {
    let text = fs::read_to_string(repository().join(file)).expect(file);
    let mut documents =
        YamlLoader::load_from_str(&text).unwrap_or_else(|error| panic!("{file}: {error}"));
    assert_eq!(documents.len(), 1, "{file}");
    documents.remove(0)
}

/// The text items of a list.
fn texts(list: &Yaml) -> Vec<&str> {
    list.as_vec()
        .expect("a list")
        .iter()
        .filter_map(Yaml::as_str)
        .collect()
}

#[test]
fn the_workflow_of_github_calls_the_script_and_keeps_the_files() {
    let workflow = yaml(".github/workflows/regression.yml");
    let job = &workflow["jobs"]["check"];
    let steps = job["steps"].as_vec().expect("steps");
    let runs: Vec<&str> = steps
        .iter()
        .filter_map(|step| step["run"].as_str())
        .collect();
    assert_eq!(runs, ["scripts/regression.sh HEAD^1"]);
    assert_eq!(
        steps[0]["with"]["fetch-depth"].as_i64(),
        Some(0),
        "the base is built too"
    );
    let upload = steps.last().expect("a step");
    assert!(
        upload["uses"]
            .as_str()
            .is_some_and(|uses| uses.starts_with("actions/upload-artifact@"))
    );
    assert_eq!(
        upload["if"].as_str(),
        Some("always()"),
        "also of a check that failed"
    );
    assert_eq!(upload["with"]["path"], job["env"]["VMALOCK_OUT"]);
    // Only the job that comments may write, and only comments.
    assert_eq!(workflow["permissions"]["contents"].as_str(), Some("read"));
    let comment = &workflow["jobs"]["comment"];
    let written = comment["permissions"].as_hash().expect("permissions");
    assert_eq!(written.len(), 1);
    assert_eq!(
        comment["permissions"]["pull-requests"].as_str(),
        Some("write")
    );
    let post = comment["steps"]
        .as_vec()
        .and_then(|steps| steps.last())
        .expect("a step");
    let marker = reports::check::outputs::comment::MARKER;
    assert!(post["run"].as_str().is_some_and(|run| run.contains(marker)));
}

#[test]
fn every_action_is_pinned() {
    let workflow = yaml(".github/workflows/regression.yml");
    for job in ["check", "comment"] {
        for step in workflow["jobs"][job]["steps"].as_vec().expect("steps") {
            let Some(uses) = step["uses"].as_str() else {
                continue;
            };
            let (_, revision) = uses.split_once('@').expect("a revision");
            assert!(
                revision.len() == 40 && revision.chars().all(|c| c.is_ascii_hexdigit()),
                "{uses}"
            );
        }
    }
}

#[test]
fn the_job_of_gitlab_calls_the_script_and_reports_its_files() {
    let job = &yaml("scripts/gitlab-regression.yml")["regression"];
    assert_eq!(
        texts(&job["script"]),
        ["scripts/regression.sh \"$CI_MERGE_REQUEST_DIFF_BASE_SHA\""]
    );
    let out = job["variables"]["VMALOCK_OUT"].as_str().expect("a folder");
    let artefacts = &job["artifacts"];
    assert_eq!(
        artefacts["when"].as_str(),
        Some("always"),
        "also of a check that failed"
    );
    assert_eq!(texts(&artefacts["paths"]), [format!("{out}/")]);
    assert_eq!(
        artefacts["reports"]["junit"].as_str(),
        Some(format!("{out}/junit.xml").as_str())
    );
    assert_eq!(
        artefacts["reports"]["metrics"].as_str(),
        Some(format!("{out}/metrics.txt").as_str())
    );
    assert_eq!(job["allow_failure"]["exit_codes"][0].as_i64(), Some(3));
}
