//! The chains that nicetap and OpenSSL are to judge: which ways lead up, and what certificates demand on them.
use rcgen::{
    BasicConstraints, CertificateParams, CustomExtension, ExtendedKeyUsagePurpose, IsCa,
    date_time_ymd,
};

use crate::chains::Signer;
use crate::families::Right::{self, Bad, BadToNicetap, Good, GoodToNicetap};
use crate::families::{Judged, constraints, dns, named};

/// What makes a good certificate another one.
type Change = fn(&mut CertificateParams);

pub(crate) fn ways_up(judged: &mut Judged) {
    two_certificates_of_one_issuer(judged);
    other_roots(judged);
    judged.add(
        "an issuer of that name, not this one, in front",
        Good,
        |judged, host| {
            let (other, issuer) = (below(&judged.root, "Same"), below(&judged.root, "Same"));
            let chain = judged.leaf(&issuer, &[dns(host)]);
            chain.with(|all| all.insert(1, other.der().clone()))
        },
    );
    judged.add("many that lead nowhere", Good, |judged, host| {
        let issuer = below(&judged.root, "Issuer");
        let strangers = (0..8).map(|n| Signer::root(&format!("Stranger {n}"), |_| {}));
        let strangers: Vec<_> = strangers.map(|one| one.der().clone()).collect();
        judged.leaf(&issuer, &[dns(host)]).with(|all| {
            all.splice(1..1, strangers);
        })
    });
    judged.add("everything twice, upside down", Good, |judged, host| {
        let issuer = below(&below(&judged.root, "Upper"), "Lower");
        judged.leaf(&issuer, &[dns(host)]).with(|all| {
            let mut again = all.clone();
            again.reverse();
            all.splice(1..1, again);
        })
    });
    judged.add("the issuer in front of the leaf", Bad, |judged, host| {
        let chain = judged.leaf(&below(&judged.root, "Issuer"), &[dns(host)]);
        chain.with(|all| all.swap(0, 1))
    });
    circles_and_rows(judged);
}

fn circles_and_rows(judged: &mut Judged) {
    judged.add("two that vouch for each other", Bad, |judged, host| {
        let stranger = Signer::root("Stranger", |_| {});
        let one = below(&stranger, "One");
        let other = below(&one, "Other");
        let back = one.crossed(&other, |_| {});
        let chain = judged.leaf(&other, &[dns(host)]);
        chain.with(|all| all[2] = back)
    });
    for (count, right) in [(6, Good), (7, BadToNicetap)] {
        judged.add(
            &format!("{count} issuers in a row"),
            right,
            |judged, host| {
                let issuer = (1..count).fold(below(&judged.root, "1"), |above, n| {
                    below(&above, &format!("{}", n + 1))
                });
                judged.leaf(&issuer, &[dns(host)])
            },
        );
    }
}

/// One of them no good: the other leads up all the same, whichever comes first.
fn two_certificates_of_one_issuer(judged: &mut Judged) {
    let barred: [(_, Right, Change); 5] = [
        ("has ended", Good, |params| {
            params.not_after = date_time_ymd(2021, 1, 1);
        }),
        ("may not vouch for the name", GoodToNicetap, |params| {
            params.name_constraints = constraints(&[named("example.com")], &[]);
        }),
        ("is for clients", GoodToNicetap, |params| {
            params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        }),
        ("is no CA's", GoodToNicetap, |params| {
            params.is_ca = IsCa::ExplicitNoCa;
        }),
        ("demands what nobody knows", GoodToNicetap, |params| {
            params.custom_extensions = vec![unknown(true)];
        }),
    ];
    for (name, right, change) in barred {
        for is_first in [true, false] {
            let place = if is_first { "first" } else { "last" };
            // OpenSSL follows one way only: the first that fits by name and time.
            let right = if is_first { right } else { Good };
            judged.add(
                &format!("two ways, the one that {name} {place}"),
                right,
                |judged, host| {
                    let issuer = below(&judged.root, "Issuer");
                    let worse = issuer.crossed(&judged.root, change);
                    let at = if is_first { 1 } else { 2 };
                    judged
                        .leaf(&issuer, &[dns(host)])
                        .with(|all| all.insert(at, worse))
                },
            );
        }
    }
}

fn other_roots(judged: &mut Judged) {
    let ended = Signer::root("An old root", |params| {
        params.not_after = date_time_ymd(2021, 1, 1);
    });
    judged.add(
        "a trusted root, and an old one above it that has ended",
        Good,
        |judged, host| {
            let crossed = judged.root.crossed(&ended, |params| {
                params.not_after = date_time_ymd(2021, 1, 1);
            });
            let chain = judged.leaf(&below(&judged.root, "Issuer"), &[dns(host)]);
            chain.with(|all| all.extend([crossed, ended.der().clone()]))
        },
    );
    judged.add(
        "a new root for which a trusted one vouches",
        Good,
        |judged, host| {
            let new = Signer::root("A new root", |_| {});
            let crossed = new.crossed(&judged.root, |_| {});
            let chain = judged.leaf(&below(&new, "Issuer"), &[dns(host)]);
            chain.with(|all| all.push(crossed))
        },
    );
    judged.add(
        "a new root, and a trusted one's voucher that has ended",
        Bad,
        |judged, host| {
            let new = Signer::root("A new root", |_| {});
            let crossed = new.crossed(&judged.root, |params| {
                params.not_after = date_time_ymd(2021, 1, 1);
            });
            let chain = judged.leaf(&below(&new, "Issuer"), &[dns(host)]);
            chain.with(|all| all.push(crossed))
        },
    );
    impostors(judged);
    vouching_for_themselves(judged);
}

fn impostors(judged: &mut Judged) {
    judged.add(
        "another root of the trusted one's name, sent along",
        Good,
        |judged, host| {
            let impostor = Signer::root("The root of all", |_| {});
            let chain = judged.leaf(&below(&judged.root, "Issuer"), &[dns(host)]);
            chain.with(|all| all.push(impostor.der().clone()))
        },
    );
    judged.add(
        "another root of the trusted one's name",
        Bad,
        |judged, host| {
            let impostor = Signer::root("The root of all", |_| {});
            let chain = judged.leaf(&below(&impostor, "Issuer"), &[dns(host)]);
            chain.with(|all| all.push(impostor.der().clone()))
        },
    );
}

fn vouching_for_themselves(judged: &mut Judged) {
    for (name, right, is_ca) in [
        (
            "a trusted certificate that is the server's own",
            Good,
            IsCa::ExplicitNoCa,
        ),
        (
            "a trusted certificate that is the server's own, and a CA's",
            BadToNicetap,
            IsCa::Ca(BasicConstraints::Unconstrained),
        ),
    ] {
        let mut own = String::new();
        judged.add(name, right, |_, host| {
            let itself = Signer::root(&format!("Itself {host}"), |params| {
                params.is_ca = is_ca;
                params.key_usages = Vec::new();
                params.subject_alt_names = vec![dns(host)];
            });
            own = itself.pem();
            itself.shown()
        });
        judged.roots += &own;
    }
}

pub(crate) fn extensions(judged: &mut Judged) {
    demands_of_issuers(judged);
    demands_of_leaves(judged);
    lengths_and_uses(judged);
}

fn demands_of_issuers(judged: &mut Judged) {
    let of_issuers: [(_, Right, Change); 8] = [
        ("for servers", Good, |params| {
            params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        }),
        ("for servers and clients", Good, |params| {
            params.extended_key_usages = vec![
                ExtendedKeyUsagePurpose::ClientAuth,
                ExtendedKeyUsagePurpose::ServerAuth,
            ];
        }),
        ("for code", Bad, |params| {
            params.extended_key_usages = vec![ExtendedKeyUsagePurpose::CodeSigning];
        }),
        ("for any use", Bad, |params| {
            params.extended_key_usages = vec![ExtendedKeyUsagePurpose::Any];
        }),
        ("with nobody below", Good, |params| {
            params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        }),
        ("with something unknown", Good, |params| {
            params.custom_extensions = vec![unknown(false)];
        }),
        ("with an unknown demand", Bad, |params| {
            params.custom_extensions = vec![unknown(true)];
        }),
        ("with a demand of policies", BadToNicetap, |params| {
            // policyConstraints: requireExplicitPolicy, not before nine more certificates.
            let content = vec![0x30, 3, 0x80, 1, 9];
            let mut policy = CustomExtension::from_oid_content(&[2, 5, 29, 36], content);
            policy.set_criticality(true);
            params.custom_extensions = vec![policy];
        }),
    ];
    for (name, right, change) in of_issuers {
        judged.add(&format!("an issuer {name}"), right, |judged, host| {
            judged.leaf(&judged.root.below("Issuer", change), &[dns(host)])
        });
    }
}

fn demands_of_leaves(judged: &mut Judged) {
    let of_leaves: [(_, Right, Change); 6] = [
        ("for no certain use", Good, |leaf| {
            leaf.extended_key_usages = Vec::new();
        }),
        ("for servers and clients", Good, |leaf| {
            leaf.extended_key_usages
                .push(ExtendedKeyUsagePurpose::ClientAuth);
        }),
        ("for any use", Bad, |leaf| {
            leaf.extended_key_usages = vec![ExtendedKeyUsagePurpose::Any];
        }),
        ("for mail", Bad, |leaf| {
            leaf.extended_key_usages = vec![ExtendedKeyUsagePurpose::EmailProtection];
        }),
        ("with something unknown", Good, |leaf| {
            leaf.custom_extensions = vec![unknown(false)];
        }),
        ("with an unknown demand", Bad, |leaf| {
            leaf.custom_extensions = vec![unknown(true)];
        }),
    ];
    for (name, right, change) in of_leaves {
        judged.add(&format!("a leaf {name}"), right, |judged, host| {
            judged.root.leaf_with(host, &judged.key, change)
        });
    }
}

fn lengths_and_uses(judged: &mut Judged) {
    for (longest, right) in [(0, Bad), (1, Good), (2, Good)] {
        judged.add(
            &format!("an issuer below one with at most {longest}"),
            right,
            |judged, host| {
                let upper = judged.root.below("Upper", |params| {
                    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(longest));
                });
                judged.leaf(&below(&upper, "Lower"), &[dns(host)])
            },
        );
    }
    judged.add("a narrow use below a wide one", Good, |judged, host| {
        let upper = below(&judged.root, "Upper");
        let lower = upper.below("Lower", |params| {
            params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        });
        judged.leaf(&lower, &[dns(host)])
    });
    judged.add("a wide use below a narrow one", Bad, |judged, host| {
        let upper = judged.root.below("Upper", |params| {
            params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        });
        judged.leaf(&below(&upper, "Lower"), &[dns(host)])
    });
}

fn below(above: &Signer, name: &str) -> Signer {
    above.below(name, |_| {})
}

/// An extension that nobody knows.
fn unknown(is_critical: bool) -> CustomExtension {
    let oid = [1, 3, 6, 1, 4, 1, 99999, 1];
    let mut extension = CustomExtension::from_oid_content(&oid, vec![5, 0]);
    extension.set_criticality(is_critical);
    extension
}
