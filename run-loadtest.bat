@echo off
rem Runs load tests: run-loadtest [NAME] [options], --list, --help, --demo. See run-loadtest.ps1.
rem PowerShell 7 where there is one, else the 5.1 that Windows brings. No policy is changed.
setlocal
set "shell=powershell"
where pwsh >nul 2>nul && set "shell=pwsh"
%shell% -NoProfile -ExecutionPolicy Bypass -File "%~dp0run-loadtest.ps1" %*
exit /b %errorlevel%
