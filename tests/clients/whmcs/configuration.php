<?php
// The stand-in's configuration. WHMCS's own has passwords here, which nicetap must not read.
$license = 'Stand-in-0000';
$db_password = 'canary-of-the-database';
$outbound_http_proxy = '';
