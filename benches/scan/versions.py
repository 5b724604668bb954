"""Reads what sslyze found, and says what must not be: anything below TLS 1.2, old ciphers, known holes."""
import json
import sys

OLD = ["ssl_2_0", "ssl_3_0", "tls_1_0", "tls_1_1"]
NEW = ["tls_1_2", "tls_1_3"]
HOLES = {
    "tls_compression": ("supports_compression", False),
    "tls_1_3_early_data": ("supports_early_data", False),
    "openssl_ccs_injection": ("is_vulnerable_to_ccs_injection", False),
    "heartbleed": ("is_vulnerable_to_heartbleed", False),
    "robot": ("robot_result", "NOT_VULNERABLE_RSA_NOT_SUPPORTED"),
    "session_renegotiation": ("is_vulnerable_to_client_renegotiation_dos", False),
    "tls_extended_master_secret": ("supports_ems_extension", True),
}
SUITES = {
    "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
    "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
    "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
    "TLS_AES_128_GCM_SHA256",
    "TLS_AES_256_GCM_SHA384",
    "TLS_CHACHA20_POLY1305_SHA256",
}


def main():
    with open(sys.argv[1]) as file:
        scan = json.load(file)["server_scan_results"][0]["scan_result"]
    result = {name: (part or {}).get("result") or {} for name, part in scan.items()}
    suites = {name: accepted(result[f"{name}_cipher_suites"]) for name in OLD + NEW}
    wrong = [f"{name} is offered" for name in OLD if suites[name] != set()]
    wrong += [f"{name} is not offered" for name in NEW if not suites[name]]
    wrong += [f"{name} offers {suite}" for name in NEW for suite in (suites[name] or set()) - SUITES]
    for name, (field, wanted) in HOLES.items():
        if result[name].get(field) != wanted:
            wrong.append(f"{name}: {field} is {result[name].get(field)}")
    for line in wrong:
        print(f"FAIL {line}")
    print(f"sslyze: {', '.join(f'{name} {len(suites[name] or [])} suites' for name in OLD + NEW)}; {len(wrong)} faults")
    return bool(wrong)


def accepted(result):
    """The suites that were taken; nothing where sslyze could not tell."""
    if "accepted_cipher_suites" not in result:
        return None
    return {suite["cipher_suite"]["name"] for suite in result["accepted_cipher_suites"]}


if __name__ == "__main__":
    sys.exit(main())
