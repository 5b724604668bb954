// Go's net/http: one client, so one connection.
package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"sort"
	"time"
)

type call struct {
	Method  string
	Path    string
	Headers [][2]string
	Body    *[]byte
}

type job struct {
	Base  string
	Host  string
	Proxy *string
	Dial  *string
	CA    *string
	Calls []call
}

type reply struct {
	Status  int         `json:"status"`
	Headers [][2]string `json:"headers"`
	Body    []byte      `json:"body"`
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run() error {
	var todo job
	if err := json.NewDecoder(os.Stdin).Decode(&todo); err != nil {
		return err
	}
	client, err := newClient(todo)
	if err != nil {
		return err
	}
	replies := []reply{}
	for _, call := range todo.Calls {
		got, err := do(client, todo.Base, call)
		if err != nil {
			return fmt.Errorf("%s: %w", call.Path, err)
		}
		replies = append(replies, got)
	}
	return json.NewEncoder(os.Stdout).Encode(replies)
}

func newClient(todo job) (*http.Client, error) {
	transport := &http.Transport{DisableCompression: true}
	if todo.Proxy != nil {
		transport.Proxy = http.ProxyURL(&url.URL{Scheme: "http", Host: *todo.Proxy})
	}
	if todo.Dial != nil {
		transport.DialContext = func(ctx context.Context, network, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, *todo.Dial)
		}
	}
	if todo.CA != nil {
		pem, err := os.ReadFile(*todo.CA)
		if err != nil {
			return nil, err
		}
		roots := x509.NewCertPool()
		roots.AppendCertsFromPEM(pem)
		transport.TLSClientConfig = &tls.Config{RootCAs: roots}
	}
	return &http.Client{
		Transport: transport,
		Timeout:   20 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error {
			return http.ErrUseLastResponse
		},
	}, nil
}

func do(client *http.Client, base string, call call) (reply, error) {
	var body io.Reader
	if call.Body != nil {
		body = bytes.NewReader(*call.Body)
	}
	request, err := http.NewRequest(call.Method, base+call.Path, body)
	if err != nil {
		return reply{}, err
	}
	for _, field := range call.Headers {
		request.Header.Add(field[0], field[1])
	}
	response, err := client.Do(request)
	if err != nil {
		return reply{}, err
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	if err != nil {
		return reply{}, err
	}
	fields := [][2]string{}
	for name, values := range response.Header {
		for _, value := range values {
			fields = append(fields, [2]string{name, value})
		}
	}
	// A map has no order; fields of one name keep theirs.
	sort.SliceStable(fields, func(a, b int) bool { return fields[a][0] < fields[b][0] })
	return reply{response.StatusCode, fields, content}, nil
}
