//! Changes are written, proved, and taken back: settings first, the files that they name last.
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use memchr::memmem;

use super::fastcgi::Listen;
use super::files::{self, php_ini};
use super::fpm::{Fpm, Pool};
use super::ledger::{Back, Ledger};
use super::php::{self, Facts};
use super::plan::{Asked, Plan, Site};
use super::prepend::Prepend;
use super::{SetupError, To};

impl Plan {
    /// Writes the changes, and proves that everybody still works; else everything is taken back. With `trust` clients
    /// are given the CA too.
    pub fn write(&self, to: &To, trust: bool) -> Result<(), SetupError> {
        let mut ledger = Ledger::read(&to.home)?;
        let written = self
            .put_all(to, trust, &mut ledger)
            .and_then(|()| self.prove(to));
        if let Err(error) = written {
            take_back(to)?;
            return Err(error);
        }
        Ok(())
    }

    fn put_all(&self, to: &To, trust: bool, ledger: &mut Ledger) -> Result<(), SetupError> {
        self.publish(to, trust)?;
        ledger.begin(&to.proxy.to_string(), &self.target);
        for site in &self.sites {
            let mut content = match site {
                Site::Folder { file, .. } | Site::Authorities { file } => ledger
                    .before(file)?
                    .map(|found| found.content)
                    .unwrap_or_default(),
                Site::Fpm { .. } | Site::Cli { .. } => Vec::new(),
            };
            if !content.is_empty() && !content.ends_with(b"\n") {
                content.push(b'\n');
            }
            content.extend(site.added(self, to, trust).into_bytes());
            let fpm = match site {
                Site::Fpm { fpm, .. } => Some(fpm.conf.as_path()),
                _ => None,
            };
            ledger.put(site.file(), &content, fpm)?;
        }
        Ok(())
    }

    /// Writes the files that the settings name.
    fn publish(&self, to: &To, trust: bool) -> Result<(), SetupError> {
        let mut prepends = BTreeMap::new();
        let mut authorities: Vec<PathBuf> = Vec::new();
        for site in &self.sites {
            match site {
                Site::Fpm { pools, .. } => {
                    for asked in pools {
                        let prepend = self.prepend(to, asked.before.as_deref());
                        prepends.insert(prepend.name(), prepend.text());
                        authorities.extend(asked.authorities.iter().cloned());
                    }
                }
                Site::Cli { facts, .. } => {
                    let before = before(facts, to);
                    let prepend = self.prepend(to, before.as_deref());
                    prepends.insert(prepend.name(), prepend.text());
                    authorities.extend(facts.authorities());
                }
                Site::Folder {
                    before,
                    authorities: own,
                    ..
                } => {
                    let prepend = self.prepend(to, before.as_deref());
                    prepends.insert(prepend.name(), prepend.text());
                    authorities.extend(own.clone());
                }
                Site::Authorities { .. } => {}
            }
        }
        for (name, text) in &prepends {
            files::publish(&to.public, name, text.as_bytes())?;
        }
        if trust {
            files::publish_bundle(&to.public, &authorities)?;
        }
        Ok(())
    }

    fn prepend<'a>(&'a self, to: &'a To, before: Option<&'a Path>) -> Prepend<'a> {
        Prepend {
            proxy: to.proxy,
            hosts: &to.hosts,
            folders: &self.folders,
            before,
        }
    }

    fn prove(&self, to: &To) -> Result<(), SetupError> {
        for site in &self.sites {
            match site {
                Site::Fpm { fpm, pools, .. } => {
                    let failed = |source| SetupError::Reload {
                        conf: fpm.conf.clone(),
                        source,
                    };
                    fpm.reload().map_err(failed)?;
                    for asked in pools {
                        let file = self.prepend(to, asked.before.as_deref()).name();
                        prove_pool(asked, to, &to.public.join(file))?;
                    }
                }
                Site::Cli { program, facts, .. } => {
                    let file = self.prepend(to, before(facts, to).as_deref()).name();
                    let now = php::of_command_line(program);
                    let is_live = now
                        .is_ok_and(|now| Path::new(&now.auto_prepend_file) == to.public.join(file));
                    if !is_live {
                        return Err(SetupError::Worse {
                            whom: program.display().to_string(),
                            why: "it does not run scripts with this setting, or does not read it"
                                .to_owned(),
                        });
                    }
                }
                Site::Folder { .. } | Site::Authorities { .. } => {}
            }
        }
        Ok(())
    }
}

impl Site {
    /// The lines that come to the file.
    pub(super) fn added(&self, plan: &Plan, to: &To, trust: bool) -> String {
        let mut text =
            "; nicetap put this here; `nicetap setup --undo` takes it away.\n".to_owned();
        let bundle = files::bundle(&to.public);
        match self {
            Self::Fpm { pools, .. } => {
                for asked in pools {
                    let file = to
                        .public
                        .join(plan.prepend(to, asked.before.as_deref()).name());
                    asked.section(&mut text, &file, &to.public, trust.then_some(&bundle));
                }
            }
            Self::Cli { facts, .. } => {
                let file = to
                    .public
                    .join(plan.prepend(to, before(facts, to).as_deref()).name());
                // Writing to a string cannot fail.
                let _ = writeln!(text, "auto_prepend_file = \"{}\"", file.display());
                if trust {
                    text.push_str(&php_ini(&bundle));
                }
            }
            Self::Folder { before, .. } => {
                let file = to.public.join(plan.prepend(to, before.as_deref()).name());
                let _ = writeln!(text, "auto_prepend_file = \"{}\"", file.display());
                if trust {
                    let _ = writeln!(text, "openssl.cafile = \"{}\"", bundle.display());
                }
            }
            Self::Authorities { .. } => return files::root(&to.public),
        }
        text
    }
}

impl Asked {
    fn section(&self, text: &mut String, file: &Path, public: &Path, bundle: Option<&PathBuf>) {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "[{}]", self.pool.name);
        let way = if self.pool.php("auto_prepend_file").is_some() {
            "php_admin_value"
        } else {
            "php_value"
        };
        let _ = writeln!(text, "{way}[auto_prepend_file] = \"{}\"", file.display());
        if let Some(folders) = &self.basedir {
            let _ = writeln!(
                text,
                "php_admin_value[open_basedir] = \"{folders}:{}/\"",
                public.display()
            );
        }
        if let Some(bundle) = bundle {
            for name in ["openssl.cafile", "curl.cainfo"] {
                let _ = writeln!(text, "php_admin_value[{name}] = \"{}\"", bundle.display());
            }
        }
    }
}

/// What ran before each script, unless it is ours.
fn before(facts: &Facts, to: &To) -> Option<PathBuf> {
    let file = PathBuf::from(&facts.auto_prepend_file);
    (!facts.auto_prepend_file.is_empty() && !file.starts_with(&to.public)).then_some(file)
}

/// Waits until the pool's new workers say that they run our file, and looks at the page again.
fn prove_pool(asked: &Asked, to: &To, file: &Path) -> Result<(), SetupError> {
    let worse = |why: String| SetupError::Worse {
        whom: format!("pool {}", asked.pool.name),
        why,
    };
    let is_live = |facts: &Facts| Path::new(&facts.auto_prepend_file) == file;
    wait(asked, to, is_live).map_err(worse)?;
    if let Some((page, status)) = &asked.page {
        let now = php::page(&asked.listen, page).unwrap_or(500);
        if now >= 500 && *status < 500 {
            return Err(worse(format!(
                "{} answers with {now}, before with {status}",
                page.display()
            )));
        }
    }
    Ok(())
}

/// Asks until the answer is the wanted one: workers of before may still be there for a moment.
fn wait(asked: &Asked, to: &To, is_wanted: impl Fn(&Facts) -> bool) -> Result<(), String> {
    let begin = Instant::now();
    loop {
        let told = php::of_pool(&asked.listen, &to.probe());
        match told {
            Ok(facts) if is_wanted(&facts) => return Ok(()),
            _ if begin.elapsed() < PATIENCE => std::thread::sleep(PAUSE),
            Ok(_) => return Err("it does not read the setting".to_owned()),
            Err(error) => return Err(error.to_string()),
        }
    }
}

/// What was taken back, and what was not.
#[derive(Debug, Default)]
pub struct Undone {
    /// Files that are as before.
    pub restored: Vec<PathBuf>,
    /// Files that somebody has changed since, and that point at nicetap no more: left as they are, and done with.
    pub theirs: Vec<PathBuf>,
    /// Files that somebody has changed since, and that still point at nicetap: left.
    pub left: Vec<PathBuf>,
    /// A PHP-FPM that could not be made to read its settings anew.
    pub not_reloaded: Vec<(PathBuf, String)>,
}

/// Takes everything back that stands in the ledger: settings first, then, once nobody reads them any more, the files.
pub fn take_back(to: &To) -> Result<Undone, SetupError> {
    let mut ledger = Ledger::read(&to.home)?;
    let mut undone = Undone::default();
    if ledger.is_empty() {
        return Ok(undone);
    }
    let fpms = ledger.fpms();
    for (path, back) in ledger.take_back(|content| points_here(content, to))? {
        match back {
            Back::Restored => undone.restored.push(path),
            Back::Theirs => undone.theirs.push(path),
            Back::Changed => undone.left.push(path),
        }
    }
    for fpm in Fpm::all()
        .into_iter()
        .filter(|fpm| fpms.contains(&fpm.conf))
    {
        match fpm.reload() {
            Ok(()) => wait_until_unset(&fpm, to),
            Err(error) => undone.not_reloaded.push((fpm.conf, error.to_string())),
        }
    }
    // A file that a setting still names must stay: without it PHP would serve no page.
    if undone.left.is_empty() && undone.not_reloaded.is_empty() {
        files::withdraw(
            &to.public,
            undone
                .restored
                .iter()
                .chain(&undone.theirs)
                .any(|path| path.ends_with(".user.ini")),
        )?;
    }
    Ok(undone)
}

/// Whether settings name our files, or a CA file holds our root.
fn points_here(content: &[u8], to: &To) -> bool {
    let holds = |what: &[u8]| !what.is_empty() && memmem::find(content, what).is_some();
    holds(to.public.as_os_str().as_encoded_bytes())
        || holds(files::root(&to.public).trim().as_bytes())
}

/// Old workers read our file until they end. A pool that cannot be asked is waited for as long.
fn wait_until_unset(fpm: &Fpm, to: &To) {
    let begin = Instant::now();
    let is_ours = |listen: &Listen| {
        php::of_pool(listen, &to.probe())
            .is_ok_and(|facts| Path::new(&facts.auto_prepend_file).starts_with(&to.public))
    };
    for listen in fpm.pools.iter().filter_map(Pool::listen) {
        while begin.elapsed() < PATIENCE && is_ours(&listen) {
            std::thread::sleep(PAUSE);
        }
    }
    // The master first ends the old workers, which takes a moment in which new ones answer already.
    std::thread::sleep(PAUSE);
}

const PATIENCE: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(50);
