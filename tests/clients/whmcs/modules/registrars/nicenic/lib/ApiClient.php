<?php
// The module's own client: its own curl_init, no word of a proxy.
class NicenicApiClient
{
    const API_URL = 'https://api.nicenic.net/v2/';

    private $credential;
    private $caFile;
    private $verify;

    public function __construct($username, $secret, $caFile, $verify)
    {
        $this->credential = "$username:$secret";
        $this->caFile = $caFile;
        $this->verify = $verify;
    }

    public function call($action, array $fields)
    {
        $handle = curl_init();
        curl_setopt($handle, CURLOPT_URL, self::API_URL . '?' . http_build_query(['category' => 'domain', 'action' => $action] + $fields));
        curl_setopt($handle, CURLOPT_RETURNTRANSFER, true);
        curl_setopt($handle, CURLOPT_SSL_VERIFYHOST, $this->verify ? 2 : 0);
        curl_setopt($handle, CURLOPT_SSL_VERIFYPEER, $this->verify);
        curl_setopt($handle, CURLOPT_TIMEOUT, 30);
        curl_setopt($handle, CURLOPT_HTTPHEADER, ["Authorization: $this->credential", 'Content-Type: application/json']);
        if ($this->caFile !== '') {
            curl_setopt($handle, CURLOPT_CAINFO, $this->caFile);
        }
        $body = curl_exec($handle);
        if (curl_errno($handle) !== 0) {
            throw new Exception('Connection Error: ' . curl_errno($handle) . ' - ' . curl_error($handle));
        }
        $reply = json_decode($body, true);
        if ($reply === null) {
            throw new Exception('Bad response received from API');
        }
        return $reply;
    }
}
