<?php
// A registrar module in the shape that WHMCS modules have; written for nicetap's tests, for no other use.
require_once __DIR__ . '/lib/ApiClient.php';

function nicenic_CheckAvailability($params)
{
    return nicenic_call($params, 'check', ['domains' => $params['sld'] . '.' . $params['tld']]);
}

function nicenic_RegisterDomain($params)
{
    return nicenic_call($params, 'register', nicenic_domain($params) + nicenic_contact($params));
}

function nicenic_RenewDomain($params)
{
    return nicenic_call($params, 'renew', nicenic_domain($params) + ['deaddate' => '2027-01-31']);
}

function nicenic_TransferDomain($params)
{
    return nicenic_call($params, 'transfer', nicenic_domain($params)
        + ['authcode' => $params['eppcode']] + nicenic_contact($params));
}

function nicenic_domain($params)
{
    return ['domain' => $params['sld'] . '.' . $params['tld'], 'year' => $params['regperiod']];
}

function nicenic_contact($params)
{
    return ['dns1' => 'ns1.example.net', 'dns2' => 'ns2.example.net', 'organization' => 'Example Ltd.',
        'name' => 'Alex Example', 'country' => 'GB', 'state' => 'London', 'city' => 'London',
        'address' => '1 High Street', 'postcode' => '100000', 'phone' => '+44.2071838750', 'fax' => '+44.2071838750',
        'email' => 'alex@example.com'];
}

function nicenic_call($params, $action, $fields)
{
    // WHMCS hands the settings over as they were typed; a module that forgets to decode sends `&amp;`.
    $secret = $params['KeepEscaped'] === 'on' ? $params['Secret'] : htmlspecialchars_decode($params['Secret'], ENT_QUOTES);
    $client = new NicenicApiClient($params['Username'], $secret, $params['CaFile'], $params['Verify'] === 'on');
    try {
        $reply = $client->call($action, $fields);
    } catch (Exception $error) {
        return ['error' => $error->getMessage()];
    }
    logModuleCall('nicenic', $action, $fields, $reply, $reply, [$secret]);
    return in_array($reply['code'], [0, 201], true) ? ['success' => true] : ['error' => $reply['msg']];
}
