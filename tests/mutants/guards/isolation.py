"""What one raises is that one's; what is taken can be shown."""

from tests.mutants.guard import Guard

ALONE = "tests/faults/test_one_alone.py"
EVENTS = "tests/faults/test_one_event_alone.py"
TIMES = "tests/api/test_times.py"

GUARDS = (
    Guard(
        "what breaks over one mail is that person's",
        "src/sending/group.py",
        """        except Exception as error:
            place = place_of(error)
            log("error", "mail not made\"""",
        """        except ZeroDivisionError as error:
            place = place_of(error)
            log("error", "mail not made\"""",
        (ALONE, "-k", "before_a_mail_leaves"),
    ),
    Guard(
        "what breaks while a request is written has not left",
        "src/providers/base.py",
        'raise Rejected("internal_error", type(error).__name__) from error',
        "raise",
        (ALONE, "-k", "request_is_written"),
    ),
    Guard(
        "what breaks over one certificate is that person's",
        "src/certs.py",
        """            except (Unavailable, ConfigurationError):
                raise
            except Exception as error:""",
        """            except (Unavailable, ConfigurationError):
                raise
            except ZeroDivisionError as error:""",
        (ALONE, "-k", "one_certificate"),
    ),
    Guard(
        "an event that cannot be read takes no other of its request along",
        "src/delivery_events/base.py",
        "            faults[place_of(error)] += 1",
        "            raise",
        (EVENTS, "-k", "odd_time or cannot_be_read"),
    ),
    Guard(
        "an event that cannot be applied takes no other along",
        "src/delivery_events/outcomes.py",
        "        if faults.left < 0:",
        "        if faults.left:",
        (EVENTS, "-k", "loses_no_other"),
    ),
    Guard(
        "a batch that breaks holds up no other",
        "src/queue_consumer.py",
        "        except Exception as error:  # of this batch alone",
        "        except ZeroDivisionError as error:  # of this batch alone",
        (ALONE, "-k", "a_batch_that_breaks"),
    ),
    Guard(
        "a dead letter of bytes is kept",
        "src/sending/letter.py",
        "allow_nan=False, default=_bytes",
        "allow_nan=False",
        (ALONE, "-k", "whatever_came"),
    ),
    Guard(
        "a job that cannot go on ends no sweep",
        "src/core/apart.py",
        "    except Exception as error:",
        "    except ZeroDivisionError as error:",
        (EVENTS, "-k", "sweep"),
    ),
    Guard(
        "an event that breaks us counts as an attempt",
        "src/callback.py",
        'return Outcome(None, "internal_error", type(error).__name__)',
        "raise",
        (EVENTS, "-k", "ends_with_a_reason"),
    ),
    Guard(
        "no time is taken that no answer could show",
        "src/core/times.py",
        "if not 0 <= milliseconds <= LATEST:",
        "if milliseconds < 0:",
        (TIMES,),
    ),
    Guard(
        "a time that was kept before can be shown",
        "src/core/times.py",
        "max(_EARLIEST_SHOWN, min(LATEST, milliseconds))",
        "milliseconds",
        (TIMES,),
    ),
)
