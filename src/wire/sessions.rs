//! TLS sessions of origins, to be resumed: rustls's own memory keeps eight tickets for a server, of which 32 clients at
//! the same time soon find none, and each of them then pays for a whole handshake.
//!
//! A ticket is given out once, as rustls demands. Nothing of it leaves this process.
use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use rustls::NamedGroup;
use rustls::client::{ClientSessionStore, Tls12ClientSessionValue, Tls13ClientSessionValue};
use rustls::pki_types::ServerName;

/// What is kept of all servers.
#[derive(Default)]
pub(super) struct Sessions {
    servers: Mutex<HashMap<ServerName<'static>, Server>>,
}

/// What is kept of one server.
#[derive(Default)]
struct Server {
    group: Option<NamedGroup>,
    tls12: Option<Tls12ClientSessionValue>,
    /// The oldest first.
    tickets: VecDeque<Tls13ClientSessionValue>,
}

impl Sessions {
    fn servers(&self) -> MutexGuard<'_, HashMap<ServerName<'static>, Server>> {
        self.servers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn edit(&self, name: ServerName<'static>, edit: impl FnOnce(&mut Server)) {
        let mut servers = self.servers();
        // The API has a handful of names; whoever brings more starts anew.
        if servers.len() >= MOST_SERVERS && !servers.contains_key(&name) {
            servers.clear();
        }
        edit(servers.entry(name).or_default());
    }
}

impl ClientSessionStore for Sessions {
    fn set_kx_hint(&self, name: ServerName<'static>, group: NamedGroup) {
        self.edit(name, |server| server.group = Some(group));
    }

    fn kx_hint(&self, name: &ServerName<'_>) -> Option<NamedGroup> {
        self.servers().get(&name.to_owned())?.group
    }

    fn set_tls12_session(&self, name: ServerName<'static>, session: Tls12ClientSessionValue) {
        self.edit(name, |server| server.tls12 = Some(session));
    }

    fn tls12_session(&self, name: &ServerName<'_>) -> Option<Tls12ClientSessionValue> {
        self.servers().get(&name.to_owned())?.tls12.clone()
    }

    fn remove_tls12_session(&self, name: &ServerName<'static>) {
        if let Some(server) = self.servers().get_mut(name) {
            server.tls12 = None;
        }
    }

    fn insert_tls13_ticket(&self, name: ServerName<'static>, ticket: Tls13ClientSessionValue) {
        self.edit(name, |server| {
            if server.tickets.len() >= MOST_TICKETS {
                server.tickets.pop_front();
            }
            server.tickets.push_back(ticket);
        });
    }

    fn take_tls13_ticket(&self, name: &ServerName<'static>) -> Option<Tls13ClientSessionValue> {
        self.servers().get_mut(name)?.tickets.pop_back()
    }
}

impl fmt::Debug for Sessions {
    /// Shows nothing of what it holds: these are secrets.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Sessions").finish_non_exhaustive()
    }
}

/// About a KiB each.
const MOST_TICKETS: usize = 128;
const MOST_SERVERS: usize = 32;

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use rustls::client::Resumption;
    use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
    use rustls::{
        ClientConfig, ClientConnection, HandshakeKind, RootCertStore, ServerConfig,
        ServerConnection, SupportedProtocolVersion,
    };

    use super::*;

    const HOST: &str = "api.nicenic.net";

    fn both_ends(
        version: &'static SupportedProtocolVersion,
    ) -> (Arc<ClientConfig>, Arc<ServerConfig>) {
        let rcgen::CertifiedKey { cert, signing_key } =
            rcgen::generate_simple_self_signed([HOST.to_owned()]).unwrap();
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(signing_key.serialize_der()));
        let mut roots = RootCertStore::empty();
        roots.add(cert.der().clone()).unwrap();
        let provider = Arc::new(crate::ca::provider());
        let server = ServerConfig::builder_with_provider(provider.clone())
            .with_protocol_versions(&[version])
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![cert.der().clone()], key)
            .unwrap();
        let mut client = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&[version])
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        client.resumption = Resumption::store(Arc::new(Sessions::default()));
        (client.into(), server.into())
    }

    /// Carries what both sides have to say until neither has more.
    fn finish(mut client: ClientConnection, server: &Arc<ServerConfig>) -> Option<HandshakeKind> {
        let mut server = ServerConnection::new(server.clone()).unwrap();
        while client.wants_write() || server.wants_write() {
            let (mut up, mut down) = (Vec::new(), Vec::new());
            client.write_tls(&mut up).unwrap();
            server.read_tls(&mut &up[..]).unwrap();
            server.process_new_packets().unwrap();
            while server.wants_write() {
                server.write_tls(&mut down).unwrap();
            }
            let mut down = &down[..];
            while !down.is_empty() {
                client.read_tls(&mut down).unwrap();
                client.process_new_packets().unwrap();
            }
        }
        assert!(!client.is_handshaking());
        client.handshake_kind()
    }

    #[test]
    fn clients_that_come_at_the_same_time_each_resume_a_session() {
        for version in [&rustls::version::TLS13, &rustls::version::TLS12] {
            let (client, server) = both_ends(version);
            let name = ServerName::try_from(HOST).unwrap();
            let round = || {
                // All have said hello before the first has finished.
                let clients: Vec<ClientConnection> = (0..40)
                    .map(|_| ClientConnection::new(client.clone(), name.clone()).unwrap())
                    .collect();
                let kinds = clients.into_iter().map(|client| finish(client, &server));
                kinds
                    .filter(|kind| *kind == Some(HandshakeKind::Resumed))
                    .count()
            };
            assert_eq!([round(), round()], [0, 40], "{version:?}");
        }
    }

    #[test]
    fn what_is_kept_is_bounded_and_shown_to_nobody() {
        let sessions = Sessions::default();
        for number in 0..1000 {
            let name = ServerName::try_from(format!("host{number}.example")).unwrap();
            sessions.set_kx_hint(name.clone(), NamedGroup::X25519);
            assert_eq!(sessions.kx_hint(&name), Some(NamedGroup::X25519));
        }
        assert!(sessions.servers().len() <= MOST_SERVERS);
        assert_eq!(format!("{sessions:?}"), "Sessions { .. }");
    }
}
