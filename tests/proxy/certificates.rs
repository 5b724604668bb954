//! Chains that servers show: sound ones, ones with one fault each, and ones whose fault nobody looks at.
use std::net::Ipv4Addr;

use rcgen::{
    BasicConstraints, CertificateParams, CustomExtension, ExtendedKeyUsagePurpose, GeneralSubtree,
    IsCa, KeyPair, KeyUsagePurpose, NameConstraints, SanType, date_time_ymd,
};

use crate::chains::{OpenSsl, Recipe, Signer};
use crate::verification::Expected::Passes;
use crate::verification::{ABOVE, Case, Ground, OpenSslServer, Server, bad_certificate};

/// What makes a good certificate another one.
type Change = fn(&mut CertificateParams);

pub(crate) fn cases(ground: &mut Ground) -> Vec<Case> {
    let mut cases = sound(ground);
    cases.extend(passed_by_design(ground));
    cases.extend(out_of_time(&ground.root));
    cases.extend(of_another_name(&ground.root));
    cases.extend(from_nobody_known(&ground.root));
    cases.extend(from_the_wrong_issuer(&ground.root));
    cases.extend(unfit_leaves(&ground.root));
    cases.extend(weak(ground));
    cases
}

fn sound(ground: &Ground) -> Vec<Case> {
    let Ground { root, openssl, .. } = ground;
    let middle = root.below("The middle", |_| {});
    let lower = middle.below("The lower", |_| {});
    let passes = |name, change: Change| Case::shows(name, Passes, |host| root.leaf(host, change));
    let of_kind = |name, algorithm| {
        let key = KeyPair::generate_for(algorithm).unwrap();
        Case::shows(name, Passes, |host| root.leaf_with(host, &key, |_| {}))
    };
    let stranger = Signer::root("A stranger", |_| {});
    vec![
        passes("a leaf of the root", |_| {}),
        passes("a wildcard", |leaf| {
            leaf.subject_alt_names = vec![dns(&format!("*.{ABOVE}"))];
        }),
        Case::shows("a name in capitals", Passes, |host| {
            root.leaf(&host.to_uppercase(), |_| {})
        }),
        Case::shows("a leaf of an intermediate", Passes, |host| {
            middle.leaf(host, |_| {})
        }),
        Case::shows("U07 a chain in the wrong order", Passes, |host| {
            let chain = lower.leaf(host, |_| {});
            chain.with(|certificates| certificates[1..].reverse())
        }),
        Case::shows("a chain with its root and a stranger", Passes, |host| {
            let more = [root.der().clone(), stranger.der().clone()];
            let chain = middle.leaf(host, |_| {});
            chain.with(|certificates| certificates.extend(more))
        }),
        Case::shows("a name that its issuer may vouch for", Passes, |host| {
            constrained(root, &["nicenic.net"], &["example.com"]).leaf(host, |_| {})
        }),
        Case::shows("U29 a name whose first address is dead", Passes, |host| {
            root.leaf(host, |_| {})
        })
        .at("localhost"),
        of_kind("an Ed25519 key", &rcgen::PKCS_ED25519),
        of_kind("a P-384 key", &rcgen::PKCS_ECDSA_P384_SHA384),
        Case::shows("an RSA key and an RSA-PSS signature", Passes, |host| {
            let recipe = Recipe {
                signature: &[
                    "-sha256",
                    "-sigopt",
                    "rsa_padding_mode:pss",
                    "-sigopt",
                    "rsa_pss_saltlen:-1",
                ],
                ..Recipe::leaf(host, &["rsa:2048"])
            };
            openssl.make("pss", &recipe);
            openssl.chain("pss", &[])
        }),
    ]
}

/// What rustls does not look at; `docs/security.md` says why.
fn passed_by_design(ground: &mut Ground) -> Vec<Case> {
    let Ground { root, openssl, .. } = &*ground;
    let ended = Signer::root("A root that has ended", |params| {
        params.not_after = date_time_ymd(2020, 1, 1);
    });
    let careless = root.below("A CA that may not sign", |params| {
        params.key_usages = vec![KeyUsagePurpose::CrlSign];
    });
    let cases = vec![
        Case::shows("U17 a revoked certificate", Passes, |host| {
            openssl.make("revoked", &Recipe::leaf(host, EC));
            let mut chain = openssl.chain("revoked", &[]);
            chain.staple = Some(openssl.revoked("revoked", "root"));
            chain
        }),
        Case::shows("U20 a stapled answer that is garbage", Passes, |host| {
            let mut chain = root.leaf(host, |_| {});
            chain.staple = Some(b"garbage".to_vec());
            chain
        }),
        Case::shows("a trusted root that has ended", Passes, |host| {
            ended.leaf(host, |_| {})
        }),
        Case::shows("a leaf for longer than browsers take", Passes, |host| {
            root.leaf(host, |leaf| leaf.not_after = date_time_ymd(2200, 1, 1))
        }),
        Case::shows("a leaf whose key is for other uses", Passes, |host| {
            root.leaf(host, |leaf| {
                leaf.key_usages = vec![KeyUsagePurpose::CrlSign];
            })
        }),
        Case::shows("an issuer whose key is for other uses", Passes, |host| {
            careless.leaf(host, |_| {})
        }),
    ];
    ground.roots += &ended.pem();
    cases
}

fn out_of_time(root: &Signer) -> Vec<Case> {
    let ended = root.below("Ended", |params| {
        params.not_after = date_time_ymd(2021, 1, 1);
    });
    let bad = |name, reason, change: Change| {
        Case::shows(name, bad_certificate(reason), |host| {
            root.leaf(host, change)
        })
    };
    vec![
        bad(
            "U01 an expired certificate",
            "expired on 2020-01-01",
            |leaf| {
                leaf.not_after = date_time_ymd(2020, 1, 1);
            },
        ),
        bad(
            "U02 a certificate of the future",
            "not valid before 2200-01-01",
            |leaf| {
                leaf.not_before = date_time_ymd(2200, 1, 1);
            },
        ),
        bad(
            "a certificate that ends before it begins",
            "has expired",
            |leaf| {
                leaf.not_before = date_time_ymd(2026, 1, 1);
                leaf.not_after = date_time_ymd(2025, 1, 1);
            },
        ),
        Case::shows(
            "an intermediate that has expired",
            bad_certificate("rests on that of `Ended`, which expired on 2021-01-01"),
            |host| ended.leaf(host, |_| {}),
        ),
    ]
}

fn of_another_name(root: &Signer) -> Vec<Case> {
    let bad = |name, reason, names: &[SanType]| {
        Case::shows(name, bad_certificate(reason), |host| {
            root.leaf(host, |leaf| leaf.subject_alt_names = names.to_vec())
        })
    };
    let address = SanType::IpAddress(Ipv4Addr::LOCALHOST.into());
    vec![
        bad(
            "U03 another host's certificate",
            "is for another name: shop.example",
            &[dns("shop.example")],
        ),
        bad("U08 a common name and nothing else", "names no host", &[]),
        bad(
            "an address instead of a name",
            "is for another name",
            &[address],
        ),
        bad(
            "U10 a wildcard one label too high",
            "is for another name: *.nicenic.net",
            &[dns("*.nicenic.net")],
        ),
        bad(
            "a wildcard for everything",
            "is for another name: *",
            &[dns("*")],
        ),
        bad(
            "a wildcard inside a label",
            "is for another name",
            &[dns(&format!("a-wild*.{ABOVE}"))],
        ),
        Case::shows(
            "a name with a zero byte",
            bad_certificate("is for another name"),
            |host| root.leaf(&format!("{host}\0.example"), |_| {}),
        ),
    ]
}

fn from_nobody_known(root: &Signer) -> Vec<Case> {
    let stranger = Signer::root("Example Antivirus Root", |_| {});
    let impostor = Signer::root("The tests' root", |_| {});
    let middle = root.below("Left out", |_| {});
    vec![
        Case::shows(
            "U04 a certificate that vouches for itself",
            bad_certificate("vouches for itself, as `Itself`"),
            |host| {
                let itself = Signer::root("Itself", |params| {
                    params.is_ca = IsCa::NoCa;
                    params.subject_alt_names = vec![dns(host)];
                });
                itself.shown()
            },
        ),
        Case::shows(
            "U05 a root that nobody knows",
            bad_certificate("issued by `Example Antivirus Root`, whom this machine does not trust"),
            |host| stranger.leaf(host, |_| {}),
        ),
        Case::shows(
            "a root with a trusted one's name",
            bad_certificate("has a signature that does not fit"),
            |host| impostor.leaf(host, |_| {}),
        ),
        Case::shows(
            "U06 an intermediate left out",
            bad_certificate("issued by `Left out`, whom this machine does not trust"),
            |host| {
                middle
                    .leaf(host, |_| {})
                    .with(|certificates| certificates.truncate(1))
            },
        ),
    ]
}

fn from_the_wrong_issuer(root: &Signer) -> Vec<Case> {
    let issuers: [(_, _, Change); 4] = [
        (
            "an issuer that is no CA",
            "rests on that of `The issuer`, which is no CA's",
            |params| {
                params.is_ca = IsCa::ExplicitNoCa;
            },
        ),
        (
            "an issuer that does not say what it is",
            "rests on that of `The issuer`, which is no CA's",
            |params| {
                params.is_ca = IsCa::NoCa;
            },
        ),
        (
            "an issuer for clients only",
            "not meant for servers",
            |params| {
                params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
            },
        ),
        (
            "U15 a name that its issuer may not vouch for",
            "may not vouch",
            |params| {
                params.name_constraints = Some(constraints(&["example.com"], &[]));
            },
        ),
    ];
    let mut cases: Vec<Case> = issuers
        .into_iter()
        .map(|(name, reason, change)| {
            let issuer = root.below("The issuer", change);
            Case::shows(name, bad_certificate(reason), |host| {
                issuer.leaf(host, |_| {})
            })
        })
        .collect();
    let excluding = constrained(root, &[], &["nicenic.net"]);
    cases.push(Case::shows(
        "a name that its issuer may not vouch for, by exclusion",
        bad_certificate("its issuers may not vouch for"),
        |host| excluding.leaf(host, |_| {}),
    ));
    // Of two issuers one above the other, what either says counts.
    let narrow = constrained(root, &["example.com"], &[]);
    let wide_below = narrow.below("Wide below", |params| {
        params.name_constraints = Some(constraints(&["nicenic.net"], &[]));
    });
    cases.push(Case::shows(
        "a name that only the lower of its issuers may vouch for",
        bad_certificate("its issuers may not vouch for"),
        |host| wide_below.leaf(host, |_| {}),
    ));
    let wide = constrained(root, &["nicenic.net"], &[]);
    cases.push(Case::shows(
        "one name that its issuer may vouch for, and one that it may not",
        bad_certificate("its issuers may not vouch for"),
        |host| {
            wide.leaf(host, |params| {
                params
                    .subject_alt_names
                    .push(SanType::DnsName("other.example".try_into().unwrap()));
            })
        },
    ));
    cases.push(Case::shows(
        "a wildcard wider than what its issuer may vouch for",
        bad_certificate("its issuers may not vouch for"),
        |host| {
            excluding.leaf(host, |params| {
                params
                    .subject_alt_names
                    .push(SanType::DnsName("*.nicenic.net".try_into().unwrap()));
            })
        },
    ));
    let last = root.below("The last", |params| {
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    });
    let beyond = last.below("Beyond the last", |_| {});
    cases.push(Case::shows(
        "a chain longer than its issuer allows",
        bad_certificate("longer than"),
        |host| beyond.leaf(host, |_| {}),
    ));
    cases.push(Case::shows(
        "a chain that is a maze",
        bad_certificate("too long or too tangled"),
        |host| maze(root).leaf(host, |_| {}),
    ));
    cases
}

/// Ten issuers in a row, none of which leads to the root.
fn maze(root: &Signer) -> Signer {
    (0..10).fold(root.below("Maze", |_| {}), |signer, _| {
        signer.below("Maze", |_| {})
    })
}

fn unfit_leaves(root: &Signer) -> Vec<Case> {
    let bad = |name, reason, change: Change| {
        Case::shows(name, bad_certificate(reason), |host| {
            root.leaf(host, change)
        })
    };
    vec![
        bad(
            "U14 a client's certificate",
            "not meant for servers",
            |leaf| {
                leaf.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
            },
        ),
        bad(
            "a CA's own certificate",
            "is a CA's own, not a server's",
            |leaf| {
                leaf.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
            },
        ),
        bad(
            "a demand that nobody knows",
            "demands a check that nicetap does not know",
            |leaf| {
                let mut extension =
                    CustomExtension::from_oid_content(&[1, 3, 6, 1, 4, 1, 99999, 1], vec![5, 0]);
                extension.set_criticality(true);
                leaf.custom_extensions = vec![extension];
            },
        ),
        Case::shows(
            "a certificate that was changed",
            bad_certificate("has a signature that does not fit"),
            |host| {
                let chain = root.leaf(host, |_| {});
                chain.with(|certificates| {
                    let mut der = certificates[0].to_vec();
                    *der.last_mut().unwrap() ^= 1;
                    certificates[0] = der.into();
                })
            },
        ),
        Case::shows(
            "a certificate that is none",
            bad_certificate("cannot be read"),
            |host| {
                let chain = root.leaf(host, |_| {});
                chain.with(|certificates| certificates[0] = b"garbage".to_vec().into())
            },
        ),
        Case::shows(
            "another server's certificate",
            bad_certificate("does not have its key"),
            |host| {
                let mut chain = root.leaf(host, |_| {});
                chain.key = KeyPair::generate().unwrap().serialize_pem();
                chain
            },
        ),
    ]
}

fn weak(ground: &mut Ground) -> Vec<Case> {
    let openssl = &ground.openssl;
    let signed = |name, file: &str, signature: &[&str], reason| {
        Case::shows(name, bad_certificate(reason), |host| {
            openssl.make(
                file,
                &Recipe {
                    signature,
                    ..Recipe::leaf(host, EC)
                },
            );
            openssl.chain(file, &[])
        })
    };
    let mut cases = vec![
        signed(
            "U11 a SHA-1 signature",
            "sha1",
            &["-sha1"],
            "is signed with SHA-1, which is no longer trusted",
        ),
        signed("an MD5 signature", "md5", &["-md5"], "is signed with MD5"),
    ];
    cases.push(Case::shows(
        "a certificate of version 1",
        bad_certificate("is of an outdated version (X.509 v1)"),
        |host| {
            let extensions = String::new();
            openssl.make(
                "v1",
                &Recipe {
                    extensions,
                    ..Recipe::leaf(host, EC)
                },
            );
            openssl.chain("v1", &[])
        },
    ));
    for (name, file, key, signature, reason) in [
        (
            "a SHA-1 signature on an intermediate",
            "sha1-middle",
            EC,
            "-sha1",
            "rests on that of `A weak middle`, which is signed with SHA-1",
        ),
        (
            "U12 an RSA key of 1024 bits in an intermediate",
            "weak-middle",
            RSA_1024,
            "-sha256",
            "rests on that of `A weak middle`, which has an RSA key of 1024 bits",
        ),
    ] {
        cases.push(Case::shows(name, bad_certificate(reason), |host| {
            let middle = Recipe {
                signer: Some("root"),
                signature: &[signature],
                ..Recipe::root("A weak middle", key)
            };
            openssl.make(file, &middle);
            under(openssl, file, host)
        }));
    }
    openssl.make("weak-root", &Recipe::root("A weak root", RSA_1024));
    cases.push(Case::shows(
        "U12 an RSA key of 1024 bits in a trusted root",
        bad_certificate("rests on that of `A weak root`, which has an RSA key of 1024 bits"),
        |host| under(openssl, "weak-root", host).with(|certificates| certificates.truncate(1)),
    ));
    for (name, key, options, reason) in [
        (
            "U12 an RSA key of 1024 bits",
            "rsa:1024",
            &[][..],
            "has an RSA key of 1024 bits, too short to be trusted",
        ),
        (
            "U12 an RSA key of 512 bits",
            "rsa:512",
            // What so short a key can sign at all.
            &["-tls1_2", "-sigalgs", "RSA+SHA256"],
            "has an RSA key of 512 bits, too short to be trusted",
        ),
    ] {
        openssl.make(key, &Recipe::leaf(&crate::verification::host(name), &[key]));
        let server = OpenSslServer::start(openssl, key, options);
        cases.push(Case::new(
            name,
            Server::OpenSsl(server),
            bad_certificate(reason),
        ));
    }
    ground.roots += &openssl.pem("weak-root");
    cases
}

/// A good leaf of this signer, and the signer.
fn under(openssl: &OpenSsl, signer: &str, host: &str) -> crate::chains::Chain {
    let leaf = format!("under-{signer}");
    openssl.make(
        &leaf,
        &Recipe {
            signer: Some(signer),
            ..Recipe::leaf(host, EC)
        },
    );
    openssl.chain(&leaf, &[signer])
}

fn constrained(root: &Signer, permitted: &[&str], excluded: &[&str]) -> Signer {
    root.below("Constrained", |params| {
        params.name_constraints = Some(constraints(permitted, excluded));
    })
}

fn constraints(permitted: &[&str], excluded: &[&str]) -> NameConstraints {
    let subtrees = |names: &[&str]| {
        let names = names
            .iter()
            .map(|name| GeneralSubtree::DnsName((*name).to_owned()));
        names.collect()
    };
    NameConstraints {
        permitted_subtrees: subtrees(permitted),
        excluded_subtrees: subtrees(excluded),
    }
}

fn dns(name: &str) -> SanType {
    SanType::DnsName(name.try_into().unwrap())
}

const EC: &[&str] = &["ec", "-pkeyopt", "ec_paramgen_curve:P-256"];
const RSA_1024: &[&str] = &["rsa:1024"];
