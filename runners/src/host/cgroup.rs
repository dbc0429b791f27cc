//! The control group that limits this process's CPU time, under version 1 or 2.

use super::files::Files;
use bench_core::record::Quota;
use std::path::{Path, PathBuf};

/// The directories of one hierarchy that hold for this process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// The process's own group first, then each group around it, up to the top of the mount.
    pub directories: Vec<PathBuf>,
    /// Whether this is the one hierarchy of version 2.
    pub version_2: bool,
}

/// Where a cgroup file system is mounted, by `/proc/self/mountinfo`.
struct Mount {
    /// The group that the mount shows as its top.
    top: String,
    /// Where it is mounted.
    point: String,
    version_2: bool,
    /// Controllers of a version 1 hierarchy, among other words.
    options: String,
}

/// One line of mountinfo, if it is of a cgroup file system.
fn mount(line: &str) -> Option<Mount> {
    let (front, back) = line.split_once(" - ")?;
    let mut front = front.split(' ').skip(3);
    let (top, point) = (front.next()?, front.next()?);
    let mut back = back.split(' ');
    let kind = back.next()?;
    let options = back.nth(1).unwrap_or_default();
    if kind != "cgroup" && kind != "cgroup2" {
        return None;
    }
    Some(Mount {
        top: top.to_owned(),
        point: point.to_owned(),
        version_2: kind == "cgroup2",
        options: options.to_owned(),
    })
}

/// The process's path in a hierarchy: by controller under version 1, the only one under version 2 (`controller` empty).
fn own_path(memberships: &str, controller: &str) -> Option<String> {
    memberships.lines().find_map(|line| {
        let mut fields = line.splitn(3, ':').skip(1);
        let (controllers, path) = (fields.next()?, fields.next()?);
        let named = controllers.split(',').any(|name| name == controller);
        named.then(|| path.to_owned())
    })
}

/// The groups of `controller` that hold for this process below `root`; `None` when no hierarchy with it is mounted.
///
/// Version 1 comes first: where both are mounted, a controller that has a hierarchy of its own is not in version 2.
#[must_use]
pub fn group(root: &Path, controller: &str) -> Option<Group> {
    let files = Files::below(root);
    let memberships = files.text("proc/self/cgroup")?;
    let mountinfo = files.text("proc/self/mountinfo")?;
    let mounts: Vec<Mount> = mountinfo.lines().filter_map(mount).collect();
    let old = mounts.iter().find(|mount| {
        let mut options = mount.options.split(',');
        !mount.version_2 && options.any(|option| option == controller)
    });
    let (mount, path) = match old {
        Some(mount) => (mount, own_path(&memberships, controller)?),
        None => {
            let mount = mounts.iter().find(|mount| mount.version_2)?;
            (mount, own_path(&memberships, "")?)
        }
    };
    let point = root.join(mount.point.trim_start_matches('/'));
    Some(Group {
        directories: upwards(&point, below_top(&path, &mount.top)),
        version_2: mount.version_2,
    })
}

/// The process's path as seen from the top of the mount; the top itself when the path lies outside of it.
fn below_top<'path>(path: &'path str, top: &str) -> &'path str {
    let rest = path.strip_prefix(top.trim_end_matches('/')).unwrap_or("");
    if rest.split('/').any(|part| part == "..") {
        return "";
    }
    rest.trim_matches('/')
}

/// `point/path` and each directory above it down to `point`.
fn upwards(point: &Path, path: &str) -> Vec<PathBuf> {
    let own = point.join(path);
    let within = own.ancestors().take_while(|group| group.starts_with(point));
    within.map(Path::to_path_buf).collect()
}

/// The tightest CPU bandwidth limit of the groups that this process is in, below `root`.
#[must_use]
pub fn quota(root: &Path) -> Option<Quota> {
    let group = group(root, "cpu")?;
    let limits = group
        .directories
        .iter()
        .filter_map(|directory| limit(directory, group.version_2));
    // q1/p1 < q2/p2, without a division.
    limits.min_by(|one, other| {
        let left = u128::from(one.quota_us) * u128::from(other.period_us);
        left.cmp(&(u128::from(other.quota_us) * u128::from(one.period_us)))
    })
}

/// The limit that one group sets.
#[must_use]
pub fn limit(directory: &Path, version_2: bool) -> Option<Quota> {
    let files = Files::below(directory);
    let (quota, period) = if version_2 {
        let text = files.text("cpu.max")?;
        let (quota, period) = text.split_once(' ')?;
        (quota.to_owned(), period.to_owned())
    } else {
        (
            files.text("cpu.cfs_quota_us")?,
            files.text("cpu.cfs_period_us")?,
        )
    };
    // `max` and -1 stand for no limit.
    let quota = Quota {
        quota_us: quota.parse().ok()?,
        period_us: period.parse().ok()?,
    };
    (quota.period_us > 0).then_some(quota)
}
