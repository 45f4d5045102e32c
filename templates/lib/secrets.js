// What is secret: names and forms. Written by scripts/write_secrets_js.py from
// janbench/model/text/secret.py, which is the place to change.

export const SHORTEST = 4;

// Made when it is needed, which most virtual users never do.
export const secrets = () => ({
  "ownVariables": [
    "API_KEY",
    "LOADTEST_TOKEN",
    "K6_PROMETHEUS_RW_PASSWORD"
  ],
  "names": [
    "(^|_)(authorization|cookie|cookies|password|passwd|passphrase|secret|credential|credentials|jwt|apikey|authtoken|accesstoken|refreshtoken|sessionkey|secretkey|sessionid|bearer|api_key|auth_token|access_token|refresh_token|session_id|session_key)(_|$)",
    "(^|_)(key|token|pass|pwd|pat|auth|sid|csrf|xsrf|signature)(_?[0-9]+)?$",
    "^(k6|otel)_.*headers(_|$)"
  ],
  "notSecret": "(^|_)(public_key|certificate_key|idempotency_key|cache_key|gpg_key|sort_key)$",
  "forms": [
    [
      "((?:set-)?cookie\\\\*[\\\"']?\\s*[:=]\\s*\\\\*[\\\"'\\[]*)[^\\\"\\n\\\\]+",
      "i"
    ],
    [
      "(bearer\\s+)[^\\s\\\"',;\\\\]+",
      "i"
    ],
    [
      "(\\b[Bb]asic\\s+)(?=[A-Za-z+/_-]*[0-9=A-Z])[A-Za-z0-9+/_-]{8,}={0,2}",
      ""
    ],
    [
      "()\\beyJ[\\w-]+\\.[\\w-]+\\.[\\w-]*",
      ""
    ],
    [
      "()\\bsk[-_][\\w-]{4,}",
      ""
    ],
    [
      "()\\b(?:gh[pousr]_|github_pat_|glpat-|xox[abeprs]-|hf_|gsk_|nvapi-|pypi-|AKIA|AIza|ya29\\.)[\\w.-]{12,}",
      ""
    ],
    [
      "((?:token|secret|password|passwd|passphrase|pwd|api[_-]?key|apikey|[_-]key|credentials?|authorization|signature|session[_-]?id|sessionid|session[_-]?key|jwt|[_-]auth|\\\"key)[\\\"']\\s*[:=]\\s*[\\\"'])(?:[^\\\"\\\\]|\\\\.)*",
      "i"
    ],
    [
      "((?:token|secret|password|passwd|passphrase|pwd|api[_-]?key|apikey|[_-]key|credentials?|authorization|signature|session[_-]?id|sessionid|session[_-]?key|jwt|[_-]auth)\\\\+\\\"\\s*:\\s*\\\\+\\\")[^\\\"\\\\]*",
      "i"
    ],
    [
      "((?:token|secret|password|passwd|passphrase|pwd|api[_-]?key|apikey|[_-]key|credentials?|authorization|signature|session[_-]?id|sessionid|session[_-]?key|jwt|[_-]auth)=[\\\"']?)[^\\s\\\"'\\\\,;&<>{}]+",
      "i"
    ],
    [
      "((?:authorization|[_-](?:key|token|auth))\\s*:\\s*(?:\\w+\\s+)?)[^\\s\\\"'\\\\,;&<>{}]+",
      "i"
    ],
    [
      "(https?://)[^/\\s@:\\\"']*:[^/\\s@\\\"']+@",
      "i"
    ]
  ]
});
