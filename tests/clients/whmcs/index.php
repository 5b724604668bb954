<?php
// An admin click: /index.php?do=check&domain=example.com
require __DIR__ . '/init.php';

$do = isset($_GET['do']) ? $_GET['do'] : '';
$domain = explode('.', isset($_GET['domain']) ? $_GET['domain'] : 'example.com', 2);
$params = module_settings() + ['sld' => $domain[0], 'tld' => $domain[1], 'regperiod' => 1, 'eppcode' => 'Epp-code-17'];
$actions = [
    'check' => 'nicenic_CheckAvailability',
    'register' => 'nicenic_RegisterDomain',
    'renew' => 'nicenic_RenewDomain',
    'transfer' => 'nicenic_TransferDomain',
];
header('Content-Type: text/plain');
if (!isset($actions[$do])) {
    exit("the shop is open\n");
}
echo json_encode($actions[$do]($params)), "\n";
