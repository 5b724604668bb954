//! `nicetap mock`: an offline lookalike of the API.
use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;
use tokio::net::TcpListener;

use crate::config::value::{OrNone, Value};
use crate::config::{Config, Layer, Network};

use super::error::Error;
use super::instance::mock_options;
use super::instance::signals::Signals;
use super::print;

/// How the mock runs.
#[derive(Debug, Args)]
pub(super) struct Mock {
    /// Listen here [default: 127.0.0.1:8901]
    #[arg(long, value_name = "ADDR")]
    listen: Option<Value<SocketAddr>>,
    /// Accept only the `username:api_secret` in this file
    #[arg(long, value_name = "FILE")]
    credential_file: Option<Value<OrNone<PathBuf>>>,
    /// Accept only these client addresses (IP or CIDR); repeatable
    #[arg(long = "mock-whitelist", value_name = "LIST", value_delimiter = ',')]
    whitelist: Option<Vec<Value<Network>>>,
}

impl Mock {
    /// The settings among these options.
    pub(super) fn settings(&self) -> Layer {
        Layer {
            mock_listen: self.listen.clone(),
            credential_file: self.credential_file.clone(),
            mock_whitelist: self.whitelist.clone(),
            ..Layer::default()
        }
    }
}

/// Runs the mock until Ctrl-C or SIGTERM.
pub(super) fn run(config: &Config) -> Result<(), Error> {
    let mock = crate::mock::Mock::new(mock_options(config)?);
    let runtime = super::instance::runtime()?;
    runtime.block_on(async {
        let fail = |error| {
            Error::cannot_start(format!("the mock cannot listen on {}", config.mock_listen))
                .caused_by(error)
        };
        let listener = TcpListener::bind(config.mock_listen).await.map_err(fail)?;
        let addr = listener.local_addr().map_err(fail)?;
        let mut signals = Signals::new()?;
        print::to_stdout(&mock.banner(addr))?;
        mock.serve(listener, signals.end()).await;
        Ok(())
    })
}

pub(super) const HELP_END: &str = "\
Its replies have the documented shapes and say that a mock made them. Error texts are guesses: NiceNIC documents none.

Examples:
  nicetap mock
  curl -H 'Authorization: demo:mock-only' -H 'Content-Type: application/json' \\
  'http://127.0.0.1:8901/v2/?category=domain&action=check&domains=example.com'

Exit codes:
  0   ended by Ctrl-C or SIGTERM
  2   the command line or a setting is wrong
  3   the address cannot be bound, or the credential file cannot be used
  70  a bug in nicetap";
