"""The processes of the simulated host, as instances of Win32_Process."""

from typing import Final

from cimsim.providers import Transaction

from .population import HOST, NAMESPACE

CLASS: Final = "Win32_Process"


def executable(command: str) -> str:
    """Return the name of the program in a command line."""
    return command.split(" -k ", maxsplit=1)[0].strip('"').rpartition("\\")[2]


def end_process(transaction: Transaction, number: int) -> None:
    """Delete the process of that number."""
    for process in list(transaction.select(CLASS, NAMESPACE, ProcessId=number)):
        transaction.delete(process)


def add_process(transaction: Transaction, number: int, name: str, parent: int, command: str | None) -> None:
    """Create a process, unless there is one of that number.

    Args:
        transaction: where.
        number: ProcessId.
        name: of the program.
        parent: ProcessId of the process that started it.
        command: its command line, None for a process of the system.
    """
    if any(transaction.select(CLASS, NAMESPACE, ProcessId=number)):
        return
    system = next(iter(transaction.instances("Win32_OperatingSystem", NAMESPACE)), None)
    path = None if command is None else command.split(" -k ", maxsplit=1)[0]
    transaction.create(
        CLASS,
        {
            "Handle": str(number),
            "ProcessId": number,
            "Name": name,
            "Caption": name,
            "Description": name,
            "CommandLine": command,
            "ExecutablePath": path,
            "ParentProcessId": parent,
            "CreationClassName": CLASS,
            "CSCreationClassName": "Win32_ComputerSystem",
            "CSName": HOST,
            "OSCreationClassName": "Win32_OperatingSystem",
            "OSName": system["Name"] if system is not None else None,
            "SessionId": 0,
            "Priority": 8,
            "MaximumWorkingSetSize": 1380,
            "MinimumWorkingSetSize": 200,
            "WindowsVersion": "10.0.20348",
        },
        NAMESPACE,
    )
