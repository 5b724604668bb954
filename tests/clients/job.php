<?php
// What the PHP clients share: the job from stdin, and the form of a reply.
$job = json_decode(stream_get_contents(STDIN), true, 512, JSON_THROW_ON_ERROR);

/** Adds a header line; a status line begins anew, since an interim reply may have come before. */
function collect(array &$headers, string $line): void
{
    $line = rtrim($line, "\r\n");
    if (str_starts_with($line, 'HTTP/')) {
        $headers = [];
    } elseif ($line !== '') {
        [$name, $value] = explode(':', $line, 2);
        $headers[] = [$name, trim($value)];
    }
}

/** Options of libcurl for the address to dial and the root to trust. */
function curl_route(array $job): array
{
    $options = [];
    if ($job['dial'] !== null) {
        $options[CURLOPT_CONNECT_TO] = ["{$job['host']}::{$job['dial']}"];
    }
    if ($job['ca'] !== null) {
        $options[CURLOPT_CAINFO] = $job['ca'];
    }
    return $options;
}

function reply(int $status, array $headers, string $body): array
{
    return ['status' => $status, 'headers' => $headers, 'body' => base64_encode($body)];
}

function fail(string $why): never
{
    fwrite(STDERR, "$why\n");
    exit(1);
}
