<?php
// Guzzle, from Debian's package; no word of a proxy or a CA.
require '/usr/share/php/GuzzleHttp/autoload.php';

$client = new GuzzleHttp\Client();
$response = $client->request('GET', $argv[1], [
    'headers' => ['Authorization' => getenv('CREDENTIAL'), 'Content-Type' => 'application/json'],
]);
echo $response->getBody(), "\n";
