<?php
// The cron: renews what is due.
require dirname(__DIR__) . '/init.php';

$params = module_settings() + ['sld' => 'due', 'tld' => 'example', 'regperiod' => 1];
echo json_encode(nicenic_RenewDomain($params)), "\n";
