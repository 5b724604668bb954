//! What is to be changed, for whom, before anything is: found out by looking and asking, and shown to the user.
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use crate::config::{Target, Whose};

use super::fastcgi::Listen;
use super::fpm::{Fpm, Pool};
use super::php::{self, Facts, PoolError};
use super::user::User;
use super::whmcs::{Cron, Whmcs};
use super::{Closed, SetupError, To};

/// The changes.
#[derive(Debug)]
pub struct Plan {
    pub(super) sites: Vec<Site>,
    /// Scripts in these folders are meant; none: all.
    pub(super) folders: Vec<PathBuf>,
    /// For whom, as `nicetap setup` calls it.
    pub(super) target: String,
    /// What the user should know besides.
    pub notes: Vec<String>,
}

/// One file that changes, and who reads it.
#[derive(Debug)]
pub(super) enum Site {
    /// A file beside the pools' files.
    Fpm {
        fpm: Fpm,
        file: PathBuf,
        pools: Vec<Asked>,
    },
    /// A file in the folder that a PHP of the command line reads last.
    Cli {
        program: PathBuf,
        file: PathBuf,
        facts: Facts,
    },
    /// `.user.ini` in WHMCS's folder, with what it says already.
    Folder {
        file: PathBuf,
        before: Option<PathBuf>,
        authorities: Option<PathBuf>,
    },
    /// A CA file that a module has of its own.
    Authorities { file: PathBuf },
}

/// A pool, as it was before.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) pool: Pool,
    pub(super) listen: Listen,
    /// The folders that scripts are kept to.
    pub(super) basedir: Option<String>,
    /// What ran before each script.
    pub(super) before: Option<PathBuf>,
    pub(super) authorities: Vec<PathBuf>,
    /// A page, and its status before.
    pub(super) page: Option<(PathBuf, u16)>,
}

impl Plan {
    /// Looks for what this target has on this machine. The probe must be in the public folder already.
    pub fn look(target: &Target, to: &To) -> Result<Self, SetupError> {
        let mut plan = Self {
            sites: Vec::new(),
            folders: Vec::new(),
            target: target.to_string(),
            notes: Vec::new(),
        };
        match target.whose {
            Whose::Whmcs => plan.whmcs(target.place.as_deref(), to)?,
            Whose::PhpFpm => plan.fpms(target.place.as_deref(), None, to)?,
            Whose::Php => {
                let program = target.place.clone().unwrap_or_else(|| "php".into());
                plan.command_line(&program, to)?;
            }
            Whose::Cron => plan.crons(&Cron::all(), to)?,
            _ => return Err(SetupError::NotWritten(target.whose.word())),
        }
        if plan.sites.is_empty() {
            return Err(SetupError::Nothing {
                target: plan.target,
                why: plan.notes.join("; "),
            });
        }
        Ok(plan)
    }

    /// The change to a CA file that a module has of its own.
    pub fn authorities(file: &Path) -> Result<Self, SetupError> {
        if !fs::metadata(file).is_ok_and(|about| about.len() > 0) {
            return Err(SetupError::NoCaFile(file.to_owned()));
        }
        Ok(Self {
            sites: vec![Site::Authorities {
                file: file.to_owned(),
            }],
            folders: Vec::new(),
            target: format!("{CA_FILE} {}", file.display()),
            notes: Vec::new(),
        })
    }

    fn whmcs(&mut self, root: Option<&Path>, to: &To) -> Result<(), SetupError> {
        let crons = Cron::all();
        let found = match root {
            Some(root) => Whmcs::at(root).into_iter().collect(),
            None => Whmcs::all(&crons),
        };
        let [whmcs] = found.as_slice() else {
            return Err(SetupError::NotOne {
                found: found.into_iter().map(|whmcs| whmcs.root).collect(),
            });
        };
        self.notes.extend(whmcs.proxy_note(to.is_chained));
        self.folders.push(whmcs.root.clone());
        let own: Vec<Cron> = crons
            .into_iter()
            .filter(|cron| is_cron_of(cron, whmcs))
            .collect();
        self.folders.extend(own.iter().filter_map(|cron| {
            let folder = cron.script.parent()?;
            (!folder.starts_with(&whmcs.root)).then(|| folder.to_owned())
        }));
        if let Some(panel) = panel() {
            self.notes.push(format!(
                "{panel} makes the files of PHP-FPM itself, so WHMCS's own .user.ini is used: it takes up to 5 minutes, \
                 and curl.cainfo is not possible there"
            ));
            self.folder(whmcs, to)?;
        } else if rustix::process::geteuid().is_root() {
            self.fpms(None, Some(whmcs), to)?;
        } else {
            self.notes.push(
                "without root WHMCS's own .user.ini is used: it takes up to 5 minutes".to_owned(),
            );
            self.folder(whmcs, to)?;
        }
        if own.is_empty() {
            self.notes.push("no crontab names WHMCS's cron.php, so its cron is not captured: `nicetap setup php=/usr/bin/php8.2 --write` for the PHP that it runs with".to_owned());
        }
        self.crons(&own, to)
    }

    /// PHP reads `.user.ini` up to minutes after it was written, too late for a proof: so its pools are asked before
    /// whether they can read what it will name. One that cannot would serve no page.
    fn folder(&mut self, whmcs: &Whmcs, to: &To) -> Result<(), SetupError> {
        let pools = Fpm::all().into_iter().flat_map(|fpm| fpm.pools);
        let mut has_answer = false;
        for pool in pools.filter(|pool| is_owner(pool, Some(whmcs))) {
            let Some(listen) = pool.listen() else {
                continue;
            };
            match php::of_pool(&listen, &to.probe()) {
                Ok(_) => has_answer = true,
                Err(PoolError::Unreachable(_)) => {}
                Err(error) => return Err(closed(pool, to, error)),
            }
        }
        if !has_answer {
            self.notes.push(format!(
                "WHMCS's PHP could not be asked whether it may read {}: where open_basedir keeps it away, no page would \
                 be served; `nicetap setup probe-php` shows open_basedir",
                to.public.display()
            ));
        }
        let file = whmcs.root.join(".user.ini");
        let text = fs::read_to_string(&file).unwrap_or_default();
        let said = |name| php::ini_value(&text, name).map(PathBuf::from);
        self.sites.push(Site::Folder {
            before: said("auto_prepend_file"),
            authorities: said("openssl.cafile"),
            file,
        });
        Ok(())
    }

    fn crons(&mut self, crons: &[Cron], to: &To) -> Result<(), SetupError> {
        for cron in crons {
            let known = self
                .sites
                .iter()
                .any(|site| matches!(site, Site::Cli { program, .. } if *program == cron.php));
            if !known {
                self.command_line(&cron.php, to)?;
            }
        }
        Ok(())
    }

    fn command_line(&mut self, program: &Path, to: &To) -> Result<(), SetupError> {
        let facts = php::of_command_line(program).map_err(|source| SetupError::Php {
            program: program.to_owned(),
            source,
        })?;
        let other = facts
            .proxy()
            .filter(|(_, value)| *value != to.url() && !to.is_chained);
        if let Some((name, value)) = other {
            self.notes.push(format!(
                "{} has {name}={value}: nicetap takes its place, and goes out directly",
                program.display()
            ));
        }
        let Some(folder) = facts.scan_folder().filter(|folder| folder.is_dir()) else {
            self.notes.push(format!(
                "{} reads no folder of settings: use `nicetap run -- {0} …`",
                program.display()
            ));
            return Ok(());
        };
        self.sites.push(Site::Cli {
            program: program.to_owned(),
            file: folder.join("99-nicetap.ini"),
            facts,
        });
        Ok(())
    }

    fn fpms(
        &mut self,
        conf: Option<&Path>,
        whmcs: Option<&Whmcs>,
        to: &To,
    ) -> Result<(), SetupError> {
        let all = Fpm::all().into_iter();
        let meant: Vec<Fpm> = all
            .filter(|fpm| conf.is_none_or(|conf| fpm.conf == conf))
            .collect();
        // If no pool's user owns WHMCS, it may be any of them.
        let any_owner = meant
            .iter()
            .flat_map(|fpm| &fpm.pools)
            .any(|pool| is_owner(pool, whmcs));
        for mut fpm in meant {
            let pools = std::mem::take(&mut fpm.pools).into_iter();
            let pools: Vec<Pool> = pools
                .filter(|pool| !any_owner || is_owner(pool, whmcs))
                .collect();
            if pools.is_empty() {
                continue;
            }
            let Some(file) = fpm.overlay.clone() else {
                self.notes.push(format!(
                    "{} includes no folder, so nothing can be put beside its pools",
                    fpm.conf.display()
                ));
                continue;
            };
            let mut asked = Vec::new();
            for pool in pools {
                asked.extend(self.ask(pool, whmcs, to)?);
            }
            if asked.is_empty() {
                continue;
            }
            if !fpm.is_gentle {
                self.notes.push(format!(
                    "{} is made to read its settings anew, now and at the end: pages that are being made at that moment \
                     break off (its process_control_timeout is 0)",
                    fpm.conf.display()
                ));
            }
            self.sites.push(Site::Fpm {
                fpm,
                file,
                pools: asked,
            });
        }
        Ok(())
    }

    /// Lets the pool run the probe: so it is known that its user can read our files, where they are.
    fn ask(
        &mut self,
        pool: Pool,
        whmcs: Option<&Whmcs>,
        to: &To,
    ) -> Result<Option<Asked>, SetupError> {
        let Some(listen) = pool.listen() else {
            self.notes.push(format!(
                "pool {} does not say where it listens, and is left out",
                pool.name
            ));
            return Ok(None);
        };
        let mut asked = Asked {
            basedir: pool.php("open_basedir").map(str::to_owned),
            before: pool.php("auto_prepend_file").map(PathBuf::from),
            authorities: [pool.php("openssl.cafile"), pool.php("curl.cainfo")]
                .into_iter()
                .flatten()
                .map(PathBuf::from)
                .collect(),
            page: whmcs
                .map(|whmcs| whmcs.root.join("index.php"))
                .and_then(|page| {
                    let status = php::page(&listen, &page)?;
                    Some((page, status))
                }),
            listen,
            pool,
        };
        match php::of_pool(&asked.listen, &to.probe()) {
            Ok(facts) => {
                if let Some((name, value)) = facts.proxy().filter(|_| !to.is_chained) {
                    return Err(SetupError::OtherProxy {
                        pool: asked.pool.name,
                        name: name.to_owned(),
                        value: value.to_owned(),
                    });
                }
                let before = Some(&facts.auto_prepend_file).filter(|file| !file.is_empty());
                asked.before = before.map(PathBuf::from);
                asked.authorities = facts.authorities();
                asked.basedir = Some(facts.open_basedir).filter(|folders| !folders.is_empty());
                Ok(Some(asked))
            }
            Err(PoolError::Refused {
                allowed: Some(folders),
                ..
            }) => {
                asked.basedir = Some(folders);
                Ok(Some(asked))
            }
            Err(PoolError::Unreachable(error)) => {
                self.notes.push(format!(
                    "pool {} cannot be asked, and is left out: {error}",
                    asked.pool.name
                ));
                Ok(None)
            }
            Err(error) => Err(closed(asked.pool, to, error)),
        }
    }

    /// The files that change, and what is written there.
    pub fn shown(&self, to: &To) -> String {
        let mut text = String::new();
        for site in &self.sites {
            // Writing to a string cannot fail.
            let _ = writeln!(
                text,
                "{} {}",
                if site.file().exists() {
                    "change"
                } else {
                    "create"
                },
                site.file().display()
            );
            for line in site
                .added(self, to, true)
                .lines()
                .filter(|line| !line.starts_with(';'))
            {
                let _ = writeln!(text, "    {}", line.chars().take(160).collect::<String>());
            }
            let _ = writeln!(text, "  for {}", site.whom());
        }
        for note in &self.notes {
            let _ = writeln!(text, "note: {note}");
        }
        text
    }
}

impl Site {
    pub(super) fn file(&self) -> &Path {
        match self {
            Self::Fpm { file, .. }
            | Self::Cli { file, .. }
            | Self::Folder { file, .. }
            | Self::Authorities { file } => file,
        }
    }

    fn whom(&self) -> String {
        match self {
            Self::Fpm { fpm, pools, .. } => {
                let pools: Vec<String> = pools
                    .iter()
                    .map(|asked| {
                        format!("{} ({})", asked.pool.name, asked.pool.user().unwrap_or("?"))
                    })
                    .collect();
                format!(
                    "PHP-FPM pool {} of {}",
                    pools.join(", "),
                    fpm.conf.display()
                )
            }
            Self::Cli { program, facts, .. } => format!(
                "PHP {} on the command line, {}",
                facts.version,
                program.display()
            ),
            Self::Folder { .. } => "every page in this folder".to_owned(),
            Self::Authorities { .. } => "whoever reads this CA file".to_owned(),
        }
    }
}

/// This pool cannot run the probe, which lies beside our other files.
fn closed(pool: Pool, to: &To, error: PoolError) -> SetupError {
    let user = pool.user().and_then(User::named);
    SetupError::Closed(Box::new(Closed {
        user: pool.user().unwrap_or("its user").to_owned(),
        stopped_at: user.and_then(|user| user.stopped_at(&to.probe())),
        pool: pool.name,
        probe: to.probe(),
        error,
    }))
}

fn is_owner(pool: &Pool, whmcs: Option<&Whmcs>) -> bool {
    let (Some(whmcs), Some(user)) = (whmcs, pool.user().and_then(User::named)) else {
        return false;
    };
    user.owns(&whmcs.root.join("configuration.php"))
}

fn is_cron_of(cron: &Cron, whmcs: &Whmcs) -> bool {
    // A folder of crons that was moved away names WHMCS's folder in its config.php; without reading that, one that
    // lies elsewhere is taken for WHMCS's.
    cron.script.starts_with(&whmcs.root)
        || Whmcs::at(
            cron.script
                .parent()
                .and_then(Path::parent)
                .unwrap_or(Path::new("/")),
        )
        .is_none()
}

/// A hosting panel that makes the settings of PHP-FPM itself.
fn panel() -> Option<&'static str> {
    PANELS
        .iter()
        .find(|(folder, _)| Path::new(folder).is_dir())
        .map(|(_, name)| *name)
}

/// What a CA file is called in the ledger.
pub(super) const CA_FILE: &str = "--ca-file";

const PANELS: [(&str, &str); 4] = [
    ("/usr/local/cpanel", "cPanel"),
    ("/usr/local/psa", "Plesk"),
    ("/usr/local/directadmin", "DirectAdmin"),
    ("/usr/local/cwp", "CentOS Web Panel"),
];
