use crate::run;
use crate::sketch::Sketch;
use bench_core::record::{Record, Status};
use reports::{Run, html};

fn small() -> Sketch {
    Sketch {
        processes: 2,
        rounds: 2,
        ..Sketch::small()
    }
}

/// What must hold of every page.
pub(crate) fn page(runs: &[Run]) -> String {
    let page = html(runs);
    for outside in [
        "src=",
        "href=\"http",
        "href='http",
        "url(",
        "@import",
        "<script",
        "<link",
    ] {
        assert!(!page.contains(outside), "{outside}");
    }
    let addresses = page.matches("://").count();
    let namespaces = page.matches("xmlns=\"http://www.w3.org/2000/svg\"").count();
    assert_eq!(addresses, namespaces, "an address that is no namespace");
    let words = page.split(|c: char| !c.is_ascii_alphanumeric());
    assert!(
        words
            .filter(|w| matches!(*w, "NaN" | "inf" | "Infinity"))
            .count()
            == 0
    );
    for (open, close) in [
        ("<table", "</table>"),
        ("<svg", "</svg>"),
        ("<details", "</details>"),
        ("<section", "</section>"),
        ("<figure", "</figure>"),
        ("<div", "</div>"),
    ] {
        assert_eq!(
            page.matches(open).count(),
            page.matches(close).count(),
            "{open}"
        );
    }
    assert_eq!(page, html(runs), "the same runs must give the same bytes");
    page
}

#[test]
fn the_page_of_a_small_run() {
    let page = page(&[run(&small().records())]);
    insta::assert_snapshot!(page);
}

#[test]
fn a_standard_run_stays_under_a_megabyte() {
    let page = page(&[run(&Sketch::standard().records())]);
    assert!(page.len() < 1_000_000, "{} bytes", page.len());
    for section in [
        "Throughput",
        "Latency",
        "How faults ended",
        "Fairness across threads",
        "Host and build",
    ] {
        assert!(page.contains(&format!("<h2>{section}</h2>")), "{section}");
    }
    // A plot for each workload and role, and for each timing by thread count.
    assert!(page.matches("<figure>").count() > 20);
}

#[test]
fn every_plot_is_named_and_has_its_numbers() {
    let page = page(&[run(&small().records())]);
    for svg in page.split("<svg class=plot").skip(1) {
        let svg = svg.split("</svg>").next().expect("its end");
        assert!(svg.contains("role=img aria-labelledby="));
        assert!(svg.contains("<title id=") && svg.contains("<desc id="));
    }
    assert!(page.matches("<summary>Numbers").count() >= 4);
}

#[test]
fn names_cannot_become_markup() {
    let mut records = small().records();
    let evil = "<script>alert('&')</script>\"";
    for record in &mut records {
        match record {
            Record::Header(header) => {
                for lock in &mut header.locks {
                    if lock.name == "shared-count" {
                        lock.name = evil.into();
                        lock.summary = evil.into();
                        lock.source = evil.into();
                    }
                }
                header.warnings = vec![evil.into()];
                header.command = vec![evil.into()];
                header.started_at = evil.into();
                header.host.cpu_model = Some(evil.into());
                header.workloads[0].summary = evil.into();
            }
            Record::Cell(cell) => {
                if cell.lock == "shared-count" {
                    cell.lock = evil.into();
                }
                if cell.round == 1 {
                    cell.status = Status::Error;
                    cell.error = Some(evil.into());
                }
                cell.placement = evil.into();
                cell.noise.dirty = true;
                cell.noise.reasons = vec![evil.into()];
            }
            Record::Footer(footer) => {
                footer.complete = false;
                footer.reason = Some(evil.into());
            }
        }
    }
    let mut run = run(&records);
    run.problems.push(reports::Problem {
        file: evil.into(),
        line: 1,
        field: evil.into(),
        what: evil.into(),
    });
    let page = page(&[run]);
    assert!(!page.contains("alert('") && !page.contains("</script"));
    assert!(page.matches("&lt;script&gt;").count() > 10);
}

#[test]
fn pages_of_poor_runs_say_what_is_missing() {
    let records = small().records();
    let no_cells = page(&[run(&records[..1])]);
    assert!(no_cells.contains("No cell was recorded") && no_cells.contains("no last line"));

    let mut errors = records.clone();
    for record in &mut errors {
        if let Record::Cell(cell) = record {
            cell.status = Status::Error;
            cell.error = Some("thread 1 could not be pinned".into());
            cell.roles.clear();
            cell.verified = None;
        }
    }
    let errors = page(&[run(&errors)]);
    assert!(errors.contains("thread 1 could not be pinned"));

    let one_process = page(&[run(&Sketch {
        processes: 1,
        ..small()
    }
    .records())]);
    assert!(one_process.contains("one process: no intervals, nothing is ranked"));

    let one_lock = Sketch {
        locks: vec![("shared-count", 1.0)],
        ..small()
    };
    let one_lock = page(&[run(&one_lock.records())]);
    assert!(one_lock.contains("alone, nothing to compare with"));

    let one_thread_count = Sketch {
        threads: vec![2],
        ..small()
    };
    page(&[run(&one_thread_count.records())]);

    page(&[]);
}

#[test]
fn a_header_from_before_it_listed_what_was_asked_for_says_so() {
    let mut records = small().records();
    if let Record::Header(header) = &mut records[0] {
        header.threads.clear();
        header.modes.clear();
        header.placements.clear();
    }
    let page = page(&[run(&records)]);
    for name in ["thread counts", "modes", "placements"] {
        let row = format!("<th scope=row>{name}</th><td>not in the header</td>");
        assert!(page.contains(&row), "{name}");
    }
}

#[test]
fn a_thread_that_never_ran_is_drawn_as_nothing() {
    let mut records = small().records();
    for record in &mut records {
        if let Record::Cell(cell) = record {
            for role in &mut cell.roles {
                role.ops = 0;
                role.ops_per_thread.iter_mut().for_each(|ops| *ops = 0);
                role.outcomes.clear();
                role.latency = None;
            }
        }
    }
    page(&[run(&records)]);
}

#[test]
fn a_control_is_shown_as_the_floor_only() {
    let page = page(&[run(&small().records())]);
    assert!(page.contains("nothing <small>(harness floor)</small>"));
    let verdicts = page
        .split("What is fastest where")
        .nth(1)
        .expect("the verdicts");
    let verdicts = verdicts.split("</section>").next().expect("their end");
    assert!(
        !verdicts.contains("harness floor"),
        "the floor is not ranked"
    );
}

#[test]
fn two_runs_share_one_page_and_keep_a_lock_s_colour() {
    let first = run(&small().records());
    let second = run(&Sketch {
        locks: crate::sketch::LOCKS[2..5].to_vec(),
        ..small()
    }
    .records());
    let page = page(&[first, second]);
    assert_eq!(page.matches("<article").count(), 2);
    assert_eq!(page.matches("id=show2 ").count(), 1);
}

#[test]
fn fairness_has_an_interval_where_there_are_enough_processes() {
    let with = |processes| {
        let sketch = Sketch {
            workloads: vec!["fault-one-vma"],
            threads: vec![2],
            processes,
            ..small()
        };
        page(&[run(&sketch.records())])
    };
    let (few, enough) = (with(4), with(5));
    assert!(few.contains("<small>Jain 0.") && !few.contains("], min/max"));
    assert!(enough.contains("], min/max"));
}
