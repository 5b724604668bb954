//! The chains that nicetap and OpenSSL are to judge: which names they hold, and who may vouch for them.
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use rcgen::{
    CertificateParams, CidrSubnet, DnType, GeneralSubtree, KeyPair, NameConstraints, SanType,
};

use crate::beside_openssl::Case;
use crate::chains::{Chain, Signer};

/// The cases so far, and whom both are told to trust.
pub(crate) struct Judged {
    pub(crate) cases: Vec<Case>,
    pub(crate) roots: String,
    pub(crate) root: Signer,
    /// Of all leaves.
    pub(crate) key: KeyPair,
}

/// What is right, and who sees it.
#[derive(Clone, Copy)]
pub(crate) enum Right {
    Good,
    Bad,
    /// Good, but OpenSSL refuses it.
    GoodToNicetap,
    /// Taken by OpenSSL alone.
    BadToNicetap,
}

use Right::{Bad, BadToNicetap, Good, GoodToNicetap};

impl Judged {
    pub(crate) fn new() -> Self {
        let root = Signer::root("The root of all", |_| {});
        Self {
            cases: Vec::new(),
            roots: root.pem(),
            root,
            key: KeyPair::generate().unwrap(),
        }
    }

    pub(crate) fn add(
        &mut self,
        name: &str,
        right: Right,
        chain: impl FnOnce(&Self, &str) -> Chain,
    ) {
        let host = format!("c{}.cases.nicenic.net", self.cases.len());
        let chain = chain(self, &host);
        self.cases.push(Case {
            name: name.to_owned(),
            host,
            chain,
            good: matches!(right, Good | GoodToNicetap),
            openssl: matches!(right, Good | BadToNicetap),
        });
    }

    /// A leaf of this signer with these names.
    pub(crate) fn leaf(&self, signer: &Signer, names: &[SanType]) -> Chain {
        signer.leaf_with("x", &self.key, |leaf| {
            leaf.subject_alt_names = names.to_vec();
        })
    }
}

// Names.

pub(crate) fn names(judged: &mut Judged) {
    wildcards(judged);
    other_kinds(judged);
    common_names(judged);
    of_names(
        judged,
        &[
            ("the name as the last of many", Good, |host| {
                let names = (0..200).map(|n| dns(&format!("n{n}.example")));
                names.chain([dns(host)]).collect()
            }),
            ("the name in capitals", Good, |host| {
                vec![dns(&host.to_uppercase())]
            }),
            ("the domain above", Bad, |_| vec![dns("cases.nicenic.net")]),
            ("a name that begins alike", Bad, |host| {
                vec![dns(&format!("{host}.example"))]
            }),
            ("a name that ends alike", Bad, |host| {
                vec![dns(&format!("x{host}"))]
            }),
        ],
    );
}

fn wildcards(judged: &mut Judged) {
    of_names(
        judged,
        &[
            ("a wildcard", Good, |_| vec![dns("*.cases.nicenic.net")]),
            ("a wildcard below the name", Bad, |host| {
                vec![dns(&format!("*.{host}"))]
            }),
            ("a wildcard one label too high", Bad, |_| {
                vec![dns("*.nicenic.net")]
            }),
            ("two wildcards", Bad, |_| vec![dns("*.*.nicenic.net")]),
            ("a wildcard in the middle", Bad, |host| {
                let label = host.split('.').next().unwrap();
                vec![dns(&format!("{label}.*.nicenic.net"))]
            }),
            ("a wildcard within a label", BadToNicetap, |_| {
                vec![dns("c*.cases.nicenic.net")]
            }),
            ("a wildcard for everything", Bad, |_| vec![dns("*")]),
        ],
    );
}

fn other_kinds(judged: &mut Judged) {
    of_names(
        judged,
        &[
            ("the name as an e-mail address", Bad, |host| {
                vec![SanType::Rfc822Name(host.try_into().unwrap())]
            }),
            ("the name as a URL", Bad, |host| {
                let url = format!("https://{host}/");
                vec![SanType::URI(url.as_str().try_into().unwrap())]
            }),
            ("an address and the name", Good, |host| {
                vec![SanType::IpAddress(LOOPBACK), dns(host)]
            }),
        ],
    );
}

fn common_names(judged: &mut Judged) {
    let common = |judged: &Judged, host: &str, names: &[SanType]| {
        judged.root.leaf_with("x", &judged.key, |leaf| {
            leaf.distinguished_name.push(DnType::CommonName, host);
            leaf.subject_alt_names = names.to_vec();
        })
    };
    judged.add(
        "a common name and nothing else",
        BadToNicetap,
        |judged, host| common(judged, host, &[]),
    );
    judged.add(
        "the common name right, the name wrong",
        Bad,
        |judged, host| common(judged, host, &[dns("other.example")]),
    );
    judged.add(
        "the common name wrong, the name right",
        Good,
        |judged, host| common(judged, "other.example", &[dns(host)]),
    );
}

/// What a case is called, what is right, and the names of its leaf.
type Names = (&'static str, Right, fn(&str) -> Vec<SanType>);

fn of_names(judged: &mut Judged, table: &[Names]) {
    for (name, right, names) in table {
        judged.add(name, *right, |judged, host| {
            judged.leaf(&judged.root, &names(host))
        });
    }
}

// Name constraints.

/// Each constraint in a root and in an issuer below one, with each set of names; only each so manieth is made.
pub(crate) fn constrained_names(judged: &mut Judged, every: usize) {
    let fits = || named("nicenic.net");
    let others = || named("example.com");
    let dns_allowed = [vec![], vec![fits()], vec![others()], vec![others(), fits()]];
    let dns_barred = [vec![], vec![fits()], vec![others()]];
    let addresses_allowed = [vec![], vec![net(127)], vec![net(10)]];
    let addresses_barred = [vec![], vec![everywhere()]];
    let mut count = 0;
    for allowed in &dns_allowed {
        for barred in &dns_barred {
            for near in &addresses_allowed {
                for far in &addresses_barred {
                    let permitted = [&allowed[..], near].concat();
                    let excluded = [&barred[..], far].concat();
                    count += 1;
                    constrained(judged, &permitted, &excluded, every, count);
                }
            }
        }
    }
}

fn constrained(
    judged: &mut Judged,
    permitted: &[GeneralSubtree],
    excluded: &[GeneralSubtree],
    every: usize,
    offset: usize,
) {
    for in_root in [false, true] {
        for (number, names) in SETS.iter().enumerate() {
            if !(offset + number * 2 + usize::from(in_root)).is_multiple_of(every) {
                continue;
            }
            let change = |params: &mut CertificateParams| {
                params.name_constraints = constraints(permitted, excluded);
            };
            let place = if in_root { "root" } else { "issuer" };
            let name = format!("{place}: permitted {permitted:?}, excluded {excluded:?}, {number}");
            let is_good = names("x.cases.nicenic.net")
                .iter()
                .all(|name| may_vouch(name, permitted, excluded));
            let right = if is_good { Good } else { Bad };
            let mut root = String::new();
            judged.add(&name, right, |judged, host| {
                let signer = if in_root {
                    let signer = Signer::root(&format!("Constrained for {host}"), change);
                    root = signer.pem();
                    signer
                } else {
                    judged.root.below("Constrained", change)
                };
                judged.leaf(&signer, &names(host))
            });
            judged.roots += &root;
        }
    }
}

/// The names that a leaf may have below a constraint.
const SETS: [fn(&str) -> Vec<SanType>; 4] = [
    |host| vec![dns(host)],
    |host| vec![dns(host), dns("www.example.com")],
    |_| vec![dns("*.cases.nicenic.net")],
    |host| vec![dns(host), SanType::IpAddress(LOOPBACK)],
];

/// What RFC 5280 (4.2.1.10) says.
fn may_vouch(name: &SanType, permitted: &[GeneralSubtree], excluded: &[GeneralSubtree]) -> bool {
    let of_its_kind = |tree: &&GeneralSubtree| {
        matches!(name, SanType::DnsName(_)) == matches!(tree, GeneralSubtree::DnsName(_))
    };
    let mut allowed = permitted.iter().filter(of_its_kind).peekable();
    let is_allowed = allowed.peek().is_none() || allowed.any(|tree| lies_in(name, tree));
    is_allowed && !excluded.iter().any(|tree| lies_in(name, tree))
}

fn lies_in(name: &SanType, tree: &GeneralSubtree) -> bool {
    match (name, tree) {
        (SanType::DnsName(name), GeneralSubtree::DnsName(tree)) => {
            name.as_str().ends_with(&format!(".{tree}"))
        }
        (
            SanType::IpAddress(IpAddr::V4(name)),
            GeneralSubtree::IpAddress(CidrSubnet::V4(tree, mask)),
        ) => (0..4).all(|at| name.octets()[at] & mask[at] == tree[at]),
        _ => false,
    }
}

// Addresses.

pub(crate) fn addresses(judged: &mut Judged) {
    let address = |addr: IpAddr| SanType::IpAddress(addr);
    let mapped = IpAddr::V6(Ipv4Addr::LOCALHOST.to_ipv6_mapped());
    for (name, right, names) in [
        ("the address", Good, vec![address(LOOPBACK)]),
        (
            "the address among others",
            Good,
            vec![
                address(IpAddr::V6(Ipv6Addr::LOCALHOST)),
                dns("x.example"),
                address(LOOPBACK),
            ],
        ),
        ("another address", Bad, vec![address([127, 0, 0, 2].into())]),
        ("the address inside IPv6", Bad, vec![address(mapped)]),
        ("the address as a name", Bad, vec![dns("127.0.0.1")]),
        ("a wildcard that looks like it", Bad, vec![dns("*.0.0.1")]),
        ("no name", Bad, vec![]),
    ] {
        judged.add(name, right, |judged, _| judged.leaf(&judged.root, &names));
    }
    judged.add("the address as a common name", Bad, |judged, _| {
        judged.root.leaf_with("x", &judged.key, |leaf| {
            leaf.distinguished_name
                .push(DnType::CommonName, "127.0.0.1");
            leaf.subject_alt_names = Vec::new();
        })
    });
    constrained_addresses(judged);
}

fn constrained_addresses(judged: &mut Judged) {
    let trees = [
        vec![],
        vec![net(127)],
        vec![net(10)],
        vec![named("example.com")],
    ];
    for permitted in &trees {
        for excluded in &trees[..3] {
            let name = SanType::IpAddress(LOOPBACK);
            let is_good = may_vouch(&name, permitted, excluded);
            let right = if is_good { Good } else { Bad };
            let case = format!("permitted {permitted:?}, excluded {excluded:?}");
            judged.add(&case, right, |judged, _| {
                let signer = judged.root.below("Constrained", |params| {
                    params.name_constraints = constraints(permitted, excluded);
                });
                judged.leaf(&signer, &[name])
            });
        }
    }
}

pub(crate) fn dns(name: &str) -> SanType {
    SanType::DnsName(name.try_into().unwrap())
}

pub(crate) fn named(name: &str) -> GeneralSubtree {
    GeneralSubtree::DnsName(name.to_owned())
}

fn net(first: u8) -> GeneralSubtree {
    GeneralSubtree::IpAddress(CidrSubnet::V4([first, 0, 0, 0], [255, 0, 0, 0]))
}

fn everywhere() -> GeneralSubtree {
    GeneralSubtree::IpAddress(CidrSubnet::V4([0; 4], [0; 4]))
}

pub(crate) fn constraints(
    permitted: &[GeneralSubtree],
    excluded: &[GeneralSubtree],
) -> Option<NameConstraints> {
    let is_empty = permitted.is_empty() && excluded.is_empty();
    (!is_empty).then(|| NameConstraints {
        permitted_subtrees: permitted.to_vec(),
        excluded_subtrees: excluded.to_vec(),
    })
}

const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
